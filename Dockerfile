# syntax=docker/dockerfile:1

FROM python:3.13-slim-bookworm AS build
WORKDIR /src
# The lock first: the layer with the dependencies is rebuilt only when the lock changes.
COPY requirements.lock requirements-build.lock ./
RUN ["python", "-m", "venv", "/opt/liver-cds"]
RUN ["/opt/liver-cds/bin/pip", "install", "--no-cache-dir", "--require-hashes", "-r", "requirements.lock"]
RUN ["pip", "install", "--no-cache-dir", "--require-hashes", "-r", "requirements-build.lock"]
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY cards ./cards
COPY cds_service ./cds_service
RUN ["pip", "wheel", "--no-cache-dir", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."]
RUN ["/opt/liver-cds/bin/pip", "install", "--no-cache-dir", "--no-deps", "--no-index", "--find-links", "dist", "liver-lesion-cds"]
# An image with faulty guideline content is never made.
RUN ["/opt/liver-cds/bin/liver-cds", "check"]
RUN ["mkdir", "--mode=0700", "/state"]

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="liver-lesion-cds" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/liver-cds /opt/liver-cds
ENV PATH="/opt/liver-cds/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIVER_CDS_PORT=8000 \
    XDG_STATE_HOME=/var/lib
# Where the store is unless LIVER_CDS_DATABASE_URL names a database: a volume, so that it outlives the container.
COPY --from=build --chown=65532:65532 /state /var/lib/liver-cds
VOLUME /var/lib/liver-cds
# LIVER_CDS_HOST keeps its default, 127.0.0.1: without a tenants file the service asks nobody for a token and refuses
# to listen anywhere else. With LIVER_CDS_TENANTS set it to 0.0.0.0, as deploy/ does.
USER 65532:65532
WORKDIR /
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['LIVER_CDS_PORT'] + '/livez', timeout=2)"]
ENTRYPOINT ["liver-cds"]
CMD ["serve"]
