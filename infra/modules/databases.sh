# databases <server> <administrator> <the administrator's client id> <SQL for one service>: runs the SQL for each ROLE_<name>=<principal id>.
set -eu
tdnf install -y -q postgresql curl ca-certificates >/dev/null
token=$(curl -fsS --retry 10 --retry-all-errors --max-time 30 -H "X-IDENTITY-HEADER: $IDENTITY_HEADER" \
    "$IDENTITY_ENDPOINT?api-version=2019-08-01&resource=https://ossrdbms-aad.database.windows.net&client_id=$3" |
    sed 's/.*"access_token":"\([^"]*\)".*/\1/')
export PGHOST="$1" PGUSER="$2" PGPASSWORD="$token" PGCONNECT_TIMEOUT=15
export PGSSLMODE=verify-full PGSSLROOTCERT=/etc/pki/tls/certs/ca-bundle.crt
env | sed -n 's/^ROLE_\([a-z_]*\)=/\1 /p' | while read -r role principal; do
    echo "$role"
    printf '%s\n' "$4" | psql -X -q -v ON_ERROR_STOP=1 -v role="$role" -v principal="$principal" -d postgres
done
