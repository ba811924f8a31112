# hearth in a container, with a model baked in. For the classic builder and for BuildKit alike: no frontend line, no heredoc, no --mount.
#
#   docker build -t hearth .                                              all-MiniLM-L6-v2, on Debian
#   docker build -t hearth --build-arg MODEL=hf://BAAI/bge-small-en-v1.5 . another model
#   docker build -t hearth:minimal --target minimal .                     no shell, no distribution: hearth, its libraries, the model
#   script/image                                                          both, with the table of sizes
#
# MODEL is what `hearth pull` takes. When the build context has models/NAME.hearth, NAME being what follows MODEL's last slash, that file is
# baked in and nothing is pulled.
ARG BASE=debian:bookworm-slim

# --- The binary -------------------------------------------------------------------------------------------------------------------------
FROM ${BASE} AS build
WORKDIR /src
COPY script/bootstrap script/bootstrap
RUN script/bootstrap --build && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY src src
RUN cmake --preset release -DBUILD_TESTING=OFF --log-level=NOTICE \
 && cmake --build --preset release --target hearth \
 && install -D --strip --strip-program=llvm-strip-19 build/release/hearth /out/usr/local/bin/hearth \
 && rm -rf build "$HOME/.cache"
COPY LICENSE THIRD_PARTY_NOTICES.md /out/usr/share/doc/hearth/
# The licences that ask to be shipped with a binary, and what the binary needs where there is no distribution: the loader and the
# libraries that ldd names, a name for the user, certificates.
RUN for package in libssl-dev libfmt-dev libexpected-dev libcli11-dev libtomlplusplus-dev libhwy-dev; do \
      if [ -f "/usr/share/doc/$package/copyright" ]; then cp "/usr/share/doc/$package/copyright" "/out/usr/share/doc/hearth/$package"; fi; \
    done \
 && mkdir -p /root-minimal/app /root-minimal/etc/ssl/certs /empty \
 && ldd /out/usr/local/bin/hearth | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} /root-minimal \
 && cp -L --parents /usr/share/common-licenses/LGPL-2.1 /root-minimal \
 && cp -L /etc/ssl/certs/ca-certificates.crt /root-minimal/etc/ssl/certs/ \
 && echo 'hearth:x:65532:65532:hearth:/app:/sbin/nologin' >/root-minimal/etc/passwd \
 && echo 'hearth:x:65532:' >/root-minimal/etc/group \
 && echo 'hosts: files dns' >/root-minimal/etc/nsswitch.conf

# --- The model --------------------------------------------------------------------------------------------------------------------------
FROM ${BASE} AS model
ARG MODEL=hf://sentence-transformers/all-MiniLM-L6-v2
ARG HF_ENDPOINT
# LICENSE is there so that the line has a source when there is no packed file; the brackets, so that BuildKit looks for models/ itself
# instead of failing without it.
COPY LICENSE model[s]/*.hearth /context/
COPY --from=build /root-minimal/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/usr/local/bin/hearth /usr/local/bin/hearth
RUN mkdir /model \
 && packed="/context/${MODEL##*/}"; packed="${packed%.hearth}.hearth" \
 && if [ -f "$packed" ]; then echo "model: models/${packed##*/} of the build context" && mv "$packed" /model/model.hearth; \
    else echo "model: pulling $MODEL" \
      && SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt HF_HOME=/tmp/hf hearth pull "$MODEL" --pack -o /tmp/model.hearth \
      && mv /tmp/model.hearth /model/; fi \
 && hearth pack --verify /model/model.hearth && chmod 0444 /model/model.hearth && rm -rf /context /tmp/hf

# --- No shell, no distribution ----------------------------------------------------------------------------------------------------------
FROM scratch AS minimal
COPY --from=build /root-minimal/ /
COPY --from=build --chown=65532:65532 /empty/ /app/.cache/
COPY --from=build --chown=65532:65532 /empty/ /models/
COPY --from=model /model/ /app/models/
COPY --from=build /out/ /
ARG SOURCE=""
LABEL org.opencontainers.image.title="hearth" \
      org.opencontainers.image.description="Keeps model servers warm: answers in milliseconds from the first request on" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}"
ENV HEARTH_HOST=0.0.0.0 HEARTH_MODEL=/app/models/model.hearth HF_HOME=/app/.cache \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /app
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/local/bin/hearth", "probe", "ready"]
ENTRYPOINT ["/usr/local/bin/hearth"]
CMD ["serve"]

# --- The default: the same on Debian ----------------------------------------------------------------------------------------------------
# The model lies under the binary: a change of the sources leaves its layer alone, and a change of the model does not compile anything.
FROM ${BASE}
RUN groupadd --gid 65532 hearth \
 && useradd --uid 65532 --gid 65532 --home-dir /app --no-create-home --shell /usr/sbin/nologin hearth \
 && install -d -o 65532 -g 65532 /app/.cache /models && rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow-
COPY --from=build /root-minimal/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=model /model/ /app/models/
COPY --from=build /out/ /
ARG SOURCE=""
LABEL org.opencontainers.image.title="hearth" \
      org.opencontainers.image.description="Keeps model servers warm: answers in milliseconds from the first request on" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}"
ENV HEARTH_HOST=0.0.0.0 HEARTH_MODEL=/app/models/model.hearth HF_HOME=/app/.cache \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /app
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["hearth", "probe", "ready"]
ENTRYPOINT ["hearth"]
CMD ["serve"]
