using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;

namespace OrderMall.Saga.Tests.World;

/// <summary>What people were told in the course of a case: it must still be so at the end.</summary>
internal sealed class Promises
{
    /// <summary>What a customer does about an order; the others are <see cref="Doings"/>.</summary>
    public const string Cancellation = "cancellation";

    /// <summary>A cancellation that was taken, to be carried out later: whoever asked for it hears how it ended.</summary>
    public const string TakenCancellation = "taken cancellation";

    private readonly ConcurrentDictionary<string, (decimal Price, decimal Prepaid)?> _expected = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<(HttpStatusCode? Status, Guid? Order)>> _placed = new();
    private readonly ConcurrentDictionary<Guid, ConcurrentDictionary<string, bool>> _done = new();
    private int _customers;

    /// <summary>How placing was answered, each time.</summary>
    public IEnumerable<HttpStatusCode?> Answers => _placed.Values.SelectMany(answers => answers.Select(answer => answer.Status));

    /// <summary>Somebody who has not ordered yet; with a key, whoever orders with that key.</summary>
    public string NewCustomer(int? key)
    {
        var customer = key is null ? $"customer-{++_customers}" : $"key-{key}";
        _placed.TryAdd(customer, new());
        return customer;
    }

    /// <summary>An order is placed with this expected price of one, so much of it paid first; with none where it takes any.</summary>
    public void Expects(string customer, (decimal Price, decimal Prepaid)? expected) =>
        _expected.AddOrUpdate(customer, expected, (_, before) => before is null ? null : expected);

    /// <summary>The price of one that the customer expects; none where a request with the same key takes any: that may be the one that ordered.</summary>
    public (decimal Price, decimal Prepaid)? ExpectedOf(string customer) => _expected.GetValueOrDefault(customer);

    /// <summary>An order was answered like this, or not at all.</summary>
    public async Task PlacedAsync(string customer, HttpResponseMessage? answer)
    {
        Guid? order = answer is { StatusCode: HttpStatusCode.Created or HttpStatusCode.Accepted }
            ? (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid()
            : null;
        _placed[customer].Enqueue((answer?.StatusCode, order));
    }

    /// <summary>Somebody did something about an order, and was told that it is so.</summary>
    public void Done(Guid order, string what) => _done.GetOrAdd(order, _ => new())[what] = true;

    /// <summary>What was said and is not so.</summary>
    /// <param name="published">The names of the events of an order.</param>
    public IEnumerable<string> Broken(IReadOnlyList<AuditedOrder> orders, ILookup<string, string> published) =>
    [
        .. _placed.SelectMany(placed => Broken(placed.Key, [.. placed.Value], [.. orders.Where(order => order.CustomerId == placed.Key && order.Public).Select(order => order.OrderId)])),
        .. orders.Where(order => _done.GetValueOrDefault(order.OrderId)?.ContainsKey(TakenCancellation) == true
                && order.Status is not (OrderStatus.Cancelled or OrderStatus.Rejected) && !published[order.OrderId.ToString()].Contains(OrderEvent.CancellationRefused))
            .Select(order => $"{order.OrderId}: a cancellation was taken, but it is {order.Status} and nobody heard why."),
        .. orders.SelectMany(order => _done.GetValueOrDefault(order.OrderId)?.Keys.Where(what => !IsKept(what, order.Status)).Select(what => $"{order.OrderId}: the {what} was taken, but it is {order.Status}.") ?? []),
    ];

    private static IEnumerable<string> Broken(string customer, IReadOnlyList<(HttpStatusCode? Status, Guid? Order)> answers, IReadOnlyList<Guid> orders)
    {
        if (orders.Count > 1)
            yield return $"{customer} ordered once and has {orders.Count} orders.";
        foreach (var promised in answers.Select(answer => answer.Order).OfType<Guid>().Distinct().Where(promised => !orders.Contains(promised)))
            yield return $"{customer} was told of {promised}, which does not exist.";
        // Who got no answer cannot know.
        if (orders.Count > 0 && answers.All(answer => answer is { Status: not null, Order: null }))
            yield return $"{customer} was refused ({string.Join(", ", answers.Select(answer => answer.Status))}) and has an order.";
    }

    private static bool IsKept(string what, OrderStatus status) => what switch
    {
        Cancellation => status == OrderStatus.Cancelled,
        Doings.Departure => status is OrderStatus.Shipped or OrderStatus.Delivered,
        Doings.Arrival => status == OrderStatus.Delivered,
        Doings.Completion or Doings.Visit => status == OrderStatus.Completed,
        Doings.Confirmation => status is OrderStatus.Confirmed or OrderStatus.Completed or OrderStatus.Cancelled,
        _ => true,
    };
}
