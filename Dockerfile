# Images of Confab, one target per program. Each holds the program, the libraries it names and certificates: nothing else to run.
#
#   docker build --target confab-messaging -t confab-messaging:0.1.0 .
#
# `make images` builds the programs outside (ROOTS=prebuilt, with the roots that .ci/image-root makes as context), with docker,
# podman or buildah. BASE may be a distroless image instead of nothing. Older podman and buildah miss the default of an argument that
# names a stage: give them --build-arg ROOTS=built.
ARG BASE=scratch
ARG RUST=rust:1.95-bookworm
ARG ROOTS=built

FROM ${RUST} AS compiled
WORKDIR /source
COPY . .
RUN .ci/images roots /roots

FROM scratch AS built
COPY --from=compiled /roots /

FROM scratch AS prebuilt
COPY . /

FROM ${ROOTS} AS roots

FROM ${BASE} AS base
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Confab" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532

FROM base AS confab
LABEL org.opencontainers.image.title="confab" \
    org.opencontainers.image.description="Confab in one process: REST, WebSocket, store"
COPY --from=roots /confab/ /
# Where a volume belongs: what is relative, such as the default of --data, is here.
COPY --from=roots --chown=65532:65532 /confab/data /data
WORKDIR /data
ENTRYPOINT ["/confab"]

FROM base AS confab-messaging
LABEL org.opencontainers.image.title="confab-messaging" \
    org.opencontainers.image.description="The REST API of Confab"
COPY --from=roots /confab-messaging/ /
ENTRYPOINT ["/confab-messaging"]

FROM base AS confab-presence
LABEL org.opencontainers.image.title="confab-presence" \
    org.opencontainers.image.description="The WebSocket gateway of Confab"
COPY --from=roots /confab-presence/ /
ENTRYPOINT ["/confab-presence"]

FROM base AS confab-operator
LABEL org.opencontainers.image.title="confab-operator" \
    org.opencontainers.image.description="Makes chat services of ChatTenant resources"
COPY --from=roots /confab-operator/ /
ENTRYPOINT ["/confab-operator"]
