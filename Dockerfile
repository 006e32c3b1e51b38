# For Docker, Podman and what runs their images: the app alone, with the shipped models.
# docker build -t freeze-serve:1.0.0 . && docker run --init -p 5000:5000 freeze-serve:1.0.0
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock deploy/requirements.txt ./
RUN python -m venv /venv && \
    /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --constraint requirements.lock --requirement requirements.txt && \
    rm -rf /venv/lib/python3*/site-packages/tensorflow/include \
        /venv/lib/python3*/site-packages/pip*

FROM python:3.12-slim-bookworm
COPY --from=build /venv /venv
WORKDIR /app
COPY helpers helpers
COPY webapp webapp
COPY checkpoints/frozen checkpoints/frozen
ENV FREEZE_SERVE_HOST=0.0.0.0 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/venv/bin/python", "-c", "import os, http.client as h; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('FREEZE_SERVE_PORT', 5000)), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["/venv/bin/python", "/app/webapp/app.py"]
