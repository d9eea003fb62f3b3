"""What requests cost, beside a bare WSGI application that sends the same bytes.

    python -m benchmarks                                         all cases, on SQLite
    python -m benchmarks --store memory sqlite postgresql mongodb
    python -m benchmarks --only load                             cases whose name holds a word
    python -m benchmarks --seconds 5 --rounds 5

Two servers run under one gunicorn configuration: Pangolin, with its records in the store that was
chosen and a local-file warehouse in an empty directory, and an application that answers each case
with the bytes Pangolin answered. A farm of processes sends the same requests, with the headers of
an Iceberg client and a bearer token, to one and to the other in turn; rounds are interleaved and
medians shown. CPU is the user and system time of the server's process tree, read from /proc, per
request; what the database server spends is shown beside it. Database servers are started as the
tests start them (`tests/servers`), so neither waits for its disk. Records in memory cannot be
shared: on `memory` both servers have one worker. A `cold` load has no metadata cache: the file is
read for every request.
"""
