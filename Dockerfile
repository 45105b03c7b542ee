# A single static binary, run by an unprivileged user. The database is in /data:
#   docker run --rm -v slo:/data IMAGE ingest - < checks.jsonl
# The image has no shell: for `slo compute --exec` and probes, build your own with COPY --from=IMAGE /slo /usr/bin/slo.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev gcc make
WORKDIR /src
COPY . .
RUN cargo build --release --locked && mkdir -p /root-of-image/data /root-of-image/tmp && cp target/release/slo /root-of-image/

FROM scratch
COPY --from=build --chown=65532:65532 /root-of-image /
USER 65532:65532
ENV SLO_DB=/data/slo.db
VOLUME /data
ENTRYPOINT ["/slo"]
