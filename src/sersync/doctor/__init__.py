"""Looks at this host, at sources and at targets, and tells what will go wrong before it does.

Facts are gathered at the edge (``look_*``, ``reach``, ``exam``); the checks over them are pure.
"""
