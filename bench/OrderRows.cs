using System.Globalization;
using System.Text;
using Npgsql;

namespace OrderMall.Bench;

/// <summary>A table of the mall, and how many rows it has.</summary>
internal sealed record MallTable(string Database, string Name, long Rows);

/// <summary>The rows that an order leaves behind, of all services, taken from a mall: as one statement for one database.</summary>
/// <param name="Schema">Makes the tables with the columns and indexes that they have in the mall, each service's in a schema of its own.</param>
/// <param name="Insert">Writes the rows of one more order, as a script of pgbench.</param>
/// <param name="PerOrder">How many rows that is.</param>
internal sealed record OrderRows(string Schema, string Insert, int PerOrder)
{
    // Far from what pgbench writes within its time, so that no two clients take the same number.
    private const long NumbersPerClient = 100_000_000;
    private const int MostRowsOfATable = 64;

    /// <summary>Counts every table of every database.</summary>
    public static async Task<IReadOnlyList<MallTable>> CountAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        var tables = new List<MallTable>();
        foreach (var name in await mall.DatabasesAsync(cancellationToken))
        {
            await using var database = mall.Database(name);
            foreach (var table in await ReadAsync(database, "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1", cancellationToken))
                tables.Add(new MallTable(name, table[0]!, long.Parse((await ReadAsync(database, $"SELECT count(*) FROM {table[0]}", cancellationToken))[0][0]!, CultureInfo.InvariantCulture)));
        }

        return tables;
    }

    /// <summary>Takes as many rows of each table as it has more of for each order than before.</summary>
    /// <param name="before">Every table, counted before the orders.</param>
    /// <param name="orders">How many were placed since; all are settled.</param>
    public static async Task<OrderRows> OfAsync(MallProcess mall, IReadOnlyList<MallTable> before, int orders, CancellationToken cancellationToken)
    {
        var schema = new StringBuilder();
        var inserts = new List<string>();
        var perOrder = 0;
        foreach (var (table, old) in (await CountAsync(mall, cancellationToken)).Join(before, one => (one.Database, one.Name), one => (one.Database, one.Name), (now, then) => (now, then.Rows)))
        {
            var rows = (int)Math.Round((double)(table.Rows - old) / orders);
            if (rows is < 1 or > MostRowsOfATable)
                continue;
            await using var database = mall.Database(table.Database);
            var columns = await ReadAsync(
                database,
                $"""
                 SELECT quote_ident(attname), format_type(atttypid, atttypmod),
                        EXISTS (SELECT 1 FROM pg_index WHERE indrelid = attrelid AND indisunique AND attnum = ANY(indkey))::text
                 FROM pg_attribute WHERE attrelid = '{table.Name}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
                 """,
                cancellationToken);
            schema.AppendLine(CultureInfo.InvariantCulture, $"CREATE SCHEMA IF NOT EXISTS {table.Database};");
            schema.AppendLine(CultureInfo.InvariantCulture, $"CREATE TABLE {table.Database}.{table.Name} ({string.Join(", ", columns.Select(column => $"{column[0]} {column[1]}"))});");
            foreach (var index in await ReadAsync(database, $"SELECT replace(pg_get_indexdef(indexrelid), ' ON public.', ' ON {table.Database}.') FROM pg_index WHERE indrelid = '{table.Name}'::regclass", cancellationToken))
                schema.AppendLine(CultureInfo.InvariantCulture, $"{index[0]};");

            // Neither the first rows, which may be of the warm-up, nor the last.
            var samples = await ReadAsync(database, $"SELECT {string.Join(", ", columns.Select(column => $"{column[0]}::text"))} FROM {table.Name} OFFSET {(old + table.Rows) / 2} LIMIT {rows}", cancellationToken);
            var values = samples.Select((row, n) => $"({string.Join(", ", row.Select((value, i) => Value(value, columns[i][1]!, columns[i][2] == "true", perOrder + n)))})");
            inserts.Add($"INSERT INTO {table.Database}.{table.Name} VALUES {string.Join(", ", values)}");
            perOrder += rows;
        }

        var statement = $"WITH {string.Join(",\n", inserts.SkipLast(1).Select((insert, i) => $"part{i} AS ({insert})"))}\n{inserts[^1]};";
        return new OrderRows(schema.ToString(), $"\\set n :n + 1\n\\set id (:client_id + 1) * {NumbersPerClient} + :n\n{statement}\n", perOrder);
    }

    // What is unique in the mall is another value for each row here, of the same length; ids grow with time, as there.
    private static string Value(string? value, string type, bool isUnique, int row)
    {
        if (value is null)
            return "NULL";
        var number = $"(:id::bigint * 1000 + {row})";
        return (isUnique, type) switch
        {
            (true, "uuid") => $"lpad({number}::text, 32, '0')::uuid",
            (true, "text") => $"lpad({number}::text, {value.Length}, '0')",
            (true, "bigint") => number,
            // A colon begins a variable of pgbench's.
            _ => $"E'{value.Replace("\\", "\\\\").Replace("'", "''").Replace(":", "\\x3a")}'",
        };
    }

    private static async Task<List<string?[]>> ReadAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The statements are this file's, with names that PostgreSQL quoted.
        await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i).ToString())]);
        return rows;
    }
}
