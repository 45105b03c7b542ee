# One static binary and nothing else, as a user without rights. /data is the place of the database:
#   docker run --rm -v slo:/data IMAGE ingest - < checks.jsonl
# There is no shell in it, so `slo compute --exec` and probes need an image of yours: COPY --from=IMAGE /slo /usr/bin/slo.
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
