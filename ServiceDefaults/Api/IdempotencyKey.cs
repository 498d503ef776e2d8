using System.Reflection;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FluentValidation;
using FluentValidation.Results;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// The <c>Idempotency-Key</c> of a request, if it has one: the same key of the same person makes one thing. What is made commits together
/// with the answer, which is given again for a day. Of keys and requests the database has hashes only.
/// What has no answer yet when it is begun, such as an order, keeps its key itself (<c>OrdersApi</c> of ordering).
/// </summary>
public sealed class IdempotencyKey : IEndpointParameterMetadataProvider
{
    /// <summary>The header that carries the key.</summary>
    public const string Header = "Idempotency-Key";

    private const int Longest = 200;
    private const string PrimaryKey = "answered_request_pkey";

    private readonly JsonSerializerOptions _json;
    private readonly byte[] _id;
    private byte[] _fingerprint = [];

    private IdempotencyKey(string? value, HttpContext context)
    {
        Value = value;
        _json = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        _id = value is null ? [] : SHA256.HashData(Encoding.UTF8.GetBytes($"{context.User.FindFirstValue(ClaimTypes.NameIdentifier)}\n{value}"));
    }

    /// <summary>1 to 200 visible ASCII characters, or <see langword="null"/>.</summary>
    public string? Value { get; }

    /// <summary>Reads it from a request.</summary>
    /// <exception cref="ValidationException">It is none.</exception>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context)
    {
        if (!context.Request.Headers.TryGetValue(Header, out var values))
            return ValueTask.FromResult(new IdempotencyKey(null, context));
        var value = values.ToString();
        return value.Length is > 0 and <= Longest && value.All(c => c is > ' ' and <= '~')
            ? ValueTask.FromResult(new IdempotencyKey(value, context))
            : throw new ValidationException([new ValidationFailure(Header, $"Must be 1 to {Longest} visible ASCII characters, such as a UUID.")]);
    }

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new RequestHeader(
        Header, $"1 to {Longest} visible ASCII characters, such as a UUID. The same key with the same body has the same answer and makes nothing twice, for a day at least; with another body it is refused (422)."));

    /// <summary>The answer to a request that made something. It is kept with the changes of the context when they are saved, if the request has a key.</summary>
    public Created<T> Created<T>(MallDb db, string? location, T made, DateTimeOffset now)
    {
        if (Value is not null)
        {
            db.Answered.Add(new AnsweredRequest
            {
                Id = _id,
                Fingerprint = _fingerprint,
                Location = location,
                Body = JsonSerializer.Serialize(made, _json.GetTypeInfo(typeof(T))),
                AnsweredAt = now,
            });
        }

        return TypedResults.Created(location, made);
    }

    /// <summary>Whether nothing was saved since another request with this key has made it.</summary>
    public static bool IsTaken(DbUpdateException e) =>
        e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: PrimaryKey };

    /// <summary>Refuses a key that was used before with another body.</summary>
    public static ProblemHttpResult Reused() => Problems.Of(StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "Another request was sent with this key.",
        "Idempotency-Key was used before with a different body. Use a new key for a new request.");

    // Without the key, from which nothing leads back to the body: it may have a password.
    internal void Sign<T>(PathString path, T body) =>
        _fingerprint = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Value!), Encoding.UTF8.GetBytes($"{path}\n{JsonSerializer.Serialize(body, _json.GetTypeInfo(typeof(T)))}"));

    internal async Task<IResult?> AgainAsync(MallDb db, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await db.Answered.AsNoTracking().FirstOrDefaultAsync(answered => answered.Id == _id, cancellationToken) is not { } before)
            return null;
        if (!CryptographicOperations.FixedTimeEquals(before.Fingerprint, _fingerprint))
            return Reused();
        response.Headers.Location = before.Location;
        return TypedResults.Text(before.Body, "application/json", Encoding.UTF8, StatusCodes.Status201Created);
    }
}

/// <summary>Lets an endpoint make things once.</summary>
public static class IdempotencyKeys
{
    /// <summary>Answers a request whose key was used before as it was answered then. The handler takes the <see cref="IdempotencyKey"/> and answers with <see cref="IdempotencyKey.Created{T}"/>.</summary>
    public static RouteHandlerBuilder WithIdempotencyKey<TDb, TBody>(this RouteHandlerBuilder endpoint)
        where TDb : MallDb => endpoint
        .AddEndpointFilter(async (context, next) =>
        {
            var key = context.Arguments.OfType<IdempotencyKey>().Single();
            if (key.Value is null)
                return await next(context);
            var http = context.HttpContext;
            var db = http.RequestServices.GetRequiredService<TDb>();
            key.Sign(http.Request.Path, context.Arguments.OfType<TBody>().Single());
            if (await key.AgainAsync(db, http.Response, http.RequestAborted) is { } before)
                return before;
            try
            {
                var answer = await next(context);
                // What another request with this key made in the meantime may be what stood in the way.
                return (answer is INestedHttpResult nested ? nested.Result : answer) is IStatusCodeHttpResult { StatusCode: >= 400 }
                    ? await key.AgainAsync(db, http.Response, http.RequestAborted) ?? answer
                    : answer;
            }
            catch (DbUpdateException e) when (IdempotencyKey.IsTaken(e))
            {
                db.ChangeTracker.Clear();
                if (db.Database.CurrentTransaction is { } transaction)
                    await transaction.DisposeAsync();
                if (await key.AgainAsync(db, http.Response, http.RequestAborted) is { } other)
                    return other;
                throw;
            }
        })
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
}
