FROM python:3.13-slim

# `backup` and `restore` use PostgreSQL's own programs.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 hybridops && install -d -o hybridops /opt/venv /srv/static /var/lib/hybridops
WORKDIR /app
# `--build-arg REQUIREMENTS=vendors` for installations that send to vendors.
ARG REQUIREMENTS=core
ENV HYBRIDOPS_VENV=/opt/venv \
    HYBRIDOPS_REQUIREMENTS=$REQUIREMENTS \
    HYBRIDOPS_HOME=/var/lib/hybridops \
    HYBRIDOPS_STATIC_ROOT=/srv/static \
    PYTHONUNBUFFERED=1

COPY manage.py ./
COPY requirements requirements
COPY hybridops/__init__.py hybridops/bootstrap.py hybridops/
USER hybridops
# The packages first: they change less often than the code. Compiled here, for nothing can be written there later and
# each process would compile them again.
RUN UV_COMPILE_BYTECODE=1 python3 -c "from hybridops import bootstrap as b; b.install(b.venv_folder(), b.wanted_lock([]))" \
    && rm -rf ~/.cache

COPY . .
USER root
RUN /opt/venv/bin/python -m compileall -q hybridops
USER hybridops
RUN HYBRIDOPS_SECRET_KEY=only-for-this-step python3 manage.py collectstatic --no-input

VOLUME /var/lib/hybridops
EXPOSE 8000
CMD ["/opt/venv/bin/python", "-m", "uvicorn", "hybridops.config.asgi:application", "--host", "0.0.0.0", \
     "--ws", "websockets-sansio", "--ws-max-size", "65536", "--ws-per-message-deflate", "false", "--lifespan", "off", \
     "--no-access-log", "--no-proxy-headers", "--no-server-header"]
