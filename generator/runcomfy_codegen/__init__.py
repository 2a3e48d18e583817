"""The generator: RunComfy model schemas in, a typed Python client out.

The way of the data, one module a pass, each importing only from those before it::

    load → dialect → parse → ir → render → output

:mod:`runcomfy_codegen.pipeline` holds the order of the passes, :mod:`runcomfy_codegen.cli` is
the only printer.
"""
