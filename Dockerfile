# The bridge as an image: docker build --build-arg VERSION=0.1.0 --tag nofos-bridge:0.1.0 .
# A build that must not change names the base's digest too: --build-arg DIGEST=@sha256:...
ARG PYTHON=3.13.9-slim-trixie
ARG DIGEST=

FROM python:${PYTHON}${DIGEST} AS build
WORKDIR /src
COPY deploy/requirements.lock deploy/requirements.lock
# Wheels only: nothing is compiled, and nobody's set-up code runs.
RUN python -m venv --without-pip /opt/nofos-bridge \
    && python -m pip --python /opt/nofos-bridge/bin/python install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement deploy/requirements.lock
COPY pyproject.toml README.md ./
COPY bridge bridge
RUN python -m pip --python /opt/nofos-bridge/bin/python install --no-cache-dir \
        --no-deps --no-build-isolation . \
    && install --directory --owner=65532 --group=65532 --mode=0750 /data

FROM python:${PYTHON}${DIGEST}
ARG VERSION=0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="nofos-bridge" \
      org.opencontainers.image.description="MQTT-to-time-series telemetry bridge and exporter for fleets of EV chargers" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /opt/nofos-bridge /opt/nofos-bridge
COPY --from=build --chown=65532:65532 /data /data
ENV PATH=/opt/nofos-bridge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NOFOS_JOURNAL__DIR=/data
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /data
VOLUME ["/data"]
EXPOSE 9876
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/opt/nofos-bridge/bin/python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:9876/livez', timeout=4)"]
ENTRYPOINT ["nofos-bridge"]
CMD ["run"]
