"""The App Engine task queue API: POST /rpc_http (App Engine specification, sections 1 to 4)."""
