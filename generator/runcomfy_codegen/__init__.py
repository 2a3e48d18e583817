"""The generator: RunComfy model schemas in, a typed Python client out.

Data flows through one module for each pass, and each module imports only from earlier ones::

    load → dialect → parse → ir → render → output

:mod:`runcomfy_codegen.pipeline` holds the order of the passes. :mod:`runcomfy_codegen.cli` is the
only module that prints.
"""
