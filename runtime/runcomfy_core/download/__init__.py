"""The files of a result, on disk: streamed, resumed, and never half there under their names."""
