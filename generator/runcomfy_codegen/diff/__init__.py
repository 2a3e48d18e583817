"""The comparison of two schema trees: what changed, and whether it breaks a caller.

The verdict is a proof: a change is compatible only if every value that was allowed still is. Each
module imports only from those before it::

    changes    a change and its kind
    canonical  one spelling for all schemas that mean the same
    limits     bounds, lengths and counts
    facts      what a schema says about the values that fit it
    follows    whether one keyword follows from the facts
    narrowing  whether one schema allows everything that another does
    wording    a change in words
    inputs, media, outputs  the changes of each
    history    a tree as it was at a git revision
    compare    the comparison of two trees
    formats    output as text, JSON and Markdown
"""
