"""What changed between two schema trees, and whether it breaks a caller.

The verdict is a proof: a change breaks nothing only if every value that was allowed still is. The
modules, each importing only from those before it::

    changes    a change, and its kind
    canonical  schemas that mean the same, written the same
    limits     bounds, lengths and counts
    facts      what a schema says of one type
    follows    whether one fact follows from another
    narrowing  whether one schema allows all that another does
    wording    a change in words
    inputs, media, outputs  the changes of each
    history    a tree as it was at a revision
    compare    two trees
    formats    text, JSON and Markdown
"""
