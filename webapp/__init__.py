"""The web app: `python webapp/app.py` serves frozen graphs over HTTP."""
