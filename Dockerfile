# intercheck in a container: `docker run --rm -e INTERCOM_ACCESS_TOKEN intercheck contract`.
# Your files go to /work, the history and the cache to the volume /var/lib/intercheck.
FROM python:3.12-slim

COPY pyproject.toml constraints.txt README.md LICENSE /src/
COPY contracts /src/contracts
COPY intercheck /src/intercheck
COPY monitors /src/monitors
COPY reports /src/reports
COPY sandbox /src/sandbox
RUN pip install --no-cache-dir --constraint /src/constraints.txt '/src[postgresql]' \
    && rm -rf /src \
    && useradd --create-home intercheck \
    && install -d -o intercheck /work /var/lib/intercheck

USER intercheck
WORKDIR /work
ENV INTERCHECK_CACHE_DIR=/var/lib/intercheck/cache \
    INTERCHECK_HISTORY=sqlite:////var/lib/intercheck/history.sqlite
VOLUME /var/lib/intercheck
ENTRYPOINT ["intercheck"]
CMD ["--help"]
