"""How fast it is, next to what people use today: ``python -m benchmarks [ROW ...]``.

Everything is measured on this machine, over loopback, in one run: ours and the peers take turns,
so that what disturbs one disturbs the other, and what counts are the ratios.
"""
