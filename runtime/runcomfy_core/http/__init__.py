"""HTTP: connections, requests and answers. No other package speaks HTTP."""
