# Shorter names for the scripts. `just --list` shows them.

# Run the whole platform from this checkout.
up *arguments:
    ./scripts/up {{arguments}}

# Check and test everything, as CI does.
test *arguments:
    ./scripts/test {{arguments}}

# The dashboard with live reload, against a running platform.
web-dev:
    cd web && npm run dev

# Renew `.sqlx` after a change of a query or a migration.
sqlx-prepare:
    ./scripts/sqlx-prepare

# Renew `openapi.json` after a change of the API, and the dashboard's types made from it.
openapi:
    cargo run --quiet --package aether-api --bin openapi
    cd web && npm run api

# Score detection: a folder of repositories, and a table of what is right for each.
detect-score trees table:
    cargo run --quiet --release --package aether-detect --example score -- {{trees}} {{table}}
