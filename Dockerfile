# The image of the operator: Python, the locked dependencies and paramsync on a few packages of Debian, and nothing else.
# What is in it, and how it is run: docs/image.md.
FROM debian:13.8-slim AS builder
# Only where QEMU runs the builder, whose processor this names: docs/image.md.
ARG QEMU_CPU
WORKDIR /build
COPY deploy/image/packages.txt ./
RUN apt-get update \
 && apt-get install --yes --no-install-recommends $(sed 's/ *#.*//' packages.txt) python3.13 python3.13-venv
RUN python3.13 -m venv tools && python3.13 -m venv --without-pip /opt/paramsync
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

COPY requirements/build.txt requirements/run.txt ./
RUN tools/bin/pip install --require-hashes --only-binary :all: -r build.txt
RUN tools/bin/pip --python /opt/paramsync install --no-compile --require-hashes --only-binary :all: -r run.txt

COPY pyproject.toml README.md LICENSE source/
COPY operator source/operator
RUN tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir wheel ./source \
 && tools/bin/pip --python /opt/paramsync install --no-compile --no-index --no-deps wheel/*.whl
COPY deploy/image/assemble.py ./
# The time of all files, so that the same input gives the same layers.
ARG SOURCE_DATE_EPOCH=1577836800
RUN python3.13 assemble.py /root-of-image /opt/paramsync packages.txt

FROM scratch
COPY --from=builder /root-of-image /
ENV PATH=/opt/paramsync/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUTF8=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
LABEL org.opencontainers.image.title="paramsync" \
      org.opencontainers.image.description="A Kubernetes operator that syncs AWS SSM Parameter Store into Secrets and ConfigMaps" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
WORKDIR /
EXPOSE 8080 8081
ENTRYPOINT ["paramsync"]
CMD ["run"]
