"""The server behind Flask: waitress with a drain, micro-batches and several processes.

`listener.py` binds the socket, `server.py` runs the loop, `connections.py` has one
connection, `request_parser.py` its HTTP, `scheduler.py` decides what is answered next,
`micro_batching.py` runs the network once for the photos that wait, `admission.py`
refuses photos above the limit, `supervisor.py` starts and replaces the worker
processes, `shared_state.py` holds the counts that they share.
"""
