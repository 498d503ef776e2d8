# Starts the job and waits for its end. A right that was just given takes some minutes to count.
set -eu
api="https://management.azure.com$JOB"
version='api-version=2025-07-01'
name=''
for attempt in $(seq 40); do
    name=$(az rest --method post --url "$api/start?$version" --body '{}' --query name -o tsv) && break
    sleep 15
done
test -n "$name"
for attempt in $(seq 80); do
    status=$(az rest --method get --url "$api/executions/$name?$version" --query properties.status -o tsv || echo unknown)
    case "$status" in
        Succeeded) exit 0 ;;
        Failed | Stopped | Degraded) echo "The job ended as $status: see its log in the workspace." >&2; exit 1 ;;
    esac
    sleep 15
done
echo 'The job did not end.' >&2
exit 1
