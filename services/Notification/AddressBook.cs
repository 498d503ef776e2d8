using Npgsql;

namespace OrderMall.Notification;

/// <summary>Where a person can be written to.</summary>
internal sealed class Person
{
    public required string PersonId { get; init; }

    public required string Email { get; init; }

    public required string Name { get; init; }
}

/// <summary>Keeps where people can be written to. Keeping it again changes nothing.</summary>
internal sealed class AddressBook(NpgsqlDataSource database)
{
    public async Task KeepAsync(AccountEvent account, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "INSERT INTO person (person_id, email, name) VALUES ($1, $2, $3) ON CONFLICT (person_id) DO UPDATE SET email = excluded.email, name = excluded.name");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.AccountId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.Email });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.Name });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
