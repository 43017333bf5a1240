# LastIn's image: one for web (the default), worker and scheduler. See docs/deploy-containers.md.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/lastin
COPY requirements.txt ./
RUN python -m venv .venv && .venv/bin/pip install --requirement requirements.txt
COPY middleware ./middleware
COPY tasks ./tasks
COPY scheduler ./scheduler
COPY api ./api
COPY cli ./cli
RUN .venv/bin/python -m compileall -q middleware tasks scheduler api cli && .venv/bin/python -m cli.console_script

FROM python:${PYTHON}-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lastin
COPY --from=build /opt/lastin /opt/lastin
WORKDIR /opt/lastin
# Nothing is written but to /tmp: the rest of the file system may be read-only. HOST asks for AUTH to be set.
ENV PATH=/opt/lastin/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
# worker: python -m tasks; scheduler: python -m scheduler
CMD ["python", "-m", "api"]
