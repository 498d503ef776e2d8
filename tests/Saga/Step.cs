using System.Text.Json;
using System.Text.Json.Serialization;
using FsCheck;
using FsCheck.Fluent;
using OrderMall.Contracts;
using OrderMall.Saga.Tests.World;

namespace OrderMall.Saga.Tests;

/// <summary>Something that happens in a case. Numbers of orders and messages are taken modulo how many there are then.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "do")]
[JsonDerivedType(typeof(Place), "place")]
[JsonDerivedType(typeof(Cancel), "cancel")]
[JsonDerivedType(typeof(Handle), "handle")]
[JsonDerivedType(typeof(Reprice), "reprice")]
[JsonDerivedType(typeof(Hire), "hire")]
[JsonDerivedType(typeof(Provider), "provider")]
[JsonDerivedType(typeof(Pass), "pass")]
[JsonDerivedType(typeof(Deliver), "deliver")]
[JsonDerivedType(typeof(DeliverAll), "deliver-all")]
[JsonDerivedType(typeof(Repeat), "repeat")]
[JsonDerivedType(typeof(Disturb), "disturb")]
[JsonDerivedType(typeof(RefusePublishing), "refuse-publishing")]
[JsonDerivedType(typeof(Crash), "crash")]
[JsonDerivedType(typeof(Dawdle), "dawdle")]
[JsonDerivedType(typeof(Restart), "restart")]
[JsonDerivedType(typeof(Together), "together")]
internal abstract record Step
{
    private const int MostMessages = 12;
    private const int SecondsUntilItIsOver = 36 * 3600;

    // Mostly the newest: the older ones may be over.
    private static readonly Gen<int> Order = Gen.Frequency((4, Gen.Constant(0)), (2, Gen.Constant(1)), (1, Gen.Elements(2, 3)));
    private static readonly Gen<int> Message = Gen.Choose(0, MostMessages - 1);
    /// <summary>Somebody orders.</summary>
    public static readonly Gen<Step> Placing =
        from key in Gen.Frequency((3, Gen.Constant<int?>(null)), (1, Gen.Elements<int?>(0, 1)))
        from quantity in Gen.Frequency((4, Gen.Constant(1)), (1, Gen.Constant(2)))
        from declined in Gen.Frequency((6, Gen.Constant(false)), (1, Gen.Constant(true)))
        from willing in Gen.Elements(true, false)
        from expecting in Gen.Elements(true, false)
        select (Step)new Place(key, quantity, declined, willing, expecting);

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Begins what this step is; whatever takes its time goes on while the next ones happen.</summary>
    public abstract Task TakeAsync(SagaWorld world);

    /// <summary>Simpler steps in its place.</summary>
    public virtual IEnumerable<Step> Smaller() => [];

    public sealed override string ToString() => JsonSerializer.Serialize(this, Json);

    /// <summary>
    /// How a case begins: somebody orders. What is prepaid is as often as not ordered by somebody who is willing to wait, at a moment when nobody knows
    /// whether it was paid: later steps seldom come to that.
    /// </summary>
    public static Gen<Step[]> First(Prepayment prepayment)
    {
        var unpaid =
            from fault in Gen.Elements(Fault.Lost, Fault.AnswerLost, Fault.Late)
            from expecting in Gen.Elements(true, false)
            select new Step[] { new Disturb(CallsBefore: 1, fault), new Place(null, 1, Declined: false, Willing: true, expecting) };
        return Gen.Frequency((1, Placing.Select(step => new[] { step })), (prepayment == Prepayment.None ? 0 : 1, unpaid));
    }

    /// <summary>Steps that make sense for an offer with these policies, and some that do not.</summary>
    public static Gen<Step> Any(Prepayment prepayment, Fulfilment fulfilment, bool dated)
    {
        var deliver = Message.Select(Step (message) => new Deliver(message));
        var service = ServiceFor(fulfilment);
        var command = Gen.Frequency(
            (4, Placing),
            (3, Order.Select(Step (order) => new Cancel(order))),
            (8, Handling(fulfilment)),
            (1, Repricing(prepayment)),
            (fulfilment == Fulfilment.Assignment ? 4 : 0, Gen.Constant<Step>(new Hire())));
        return Gen.Frequency(
            (16, command),
            (6, deliver),
            (8, Gen.Elements<Step>(new DeliverAll(), new DeliverAll(AtOnce: true))),
            (3, Message.Select(Step (message) => new Repeat(message))),
            (4, Gen.Elements<Step>(new Pass(1), new Pass(6), new Pass(31), new Pass(901))),
            (dated ? 1 : 0, Gen.Constant<Step>(new Pass(SecondsUntilItIsOver))),
            (2, Gen.Elements<Step>(new Provider("normal"), new Provider("normal"), new Provider("down"), new Provider("decline"))),
            (7, Disturbing()),
            (1, service.Zip(Gen.Elements(true, false), Step (appId, taken) => new RefusePublishing(appId, taken))),
            (3, service.Zip(Gen.Choose(0, 6), Step (appId, statements) => new Crash(appId, statements))),
            (4, service.Zip(Gen.Choose(0, 4), Step (appId, statements) => new Dawdle(appId, statements))),
            (1, service.Select(Step (appId) => new Restart(appId))),
            (2, Gen.Constant<Step>(new Restart())),
            (3, Gen.OneOf(command, deliver).ArrayOf(3).Select(Step (steps) => new Together(steps))));
    }

    private static Gen<Step> Repricing(Prepayment prepayment) =>
        from price in Gen.Elements(SagaWorld.Price, SagaWorld.Price + 1)
        from deposit in prepayment == Prepayment.Deposit ? Gen.Elements<int?>(null, SagaWorld.Deposit, SagaWorld.Deposit + 1) : Gen.Constant<int?>(null)
        select (Step)new Reprice(price, deposit);

    // Mostly those with the most to lose.
    private static Gen<string> ServiceFor(Fulfilment fulfilment) => Gen.Frequency(
        (3, Gen.Constant(AppIds.Ordering)),
        (2, Gen.Constant(AppIds.Payment)),
        (3, Gen.Constant(fulfilment switch { Fulfilment.Delivery => AppIds.Delivery, Fulfilment.Assignment => AppIds.Dispatch, _ => AppIds.Store })),
        (3, Gen.Elements(AppIds.Catalog, AppIds.PaymentProvider, AppIds.Store)));

    private static Gen<Step> Handling(Fulfilment fulfilment) =>
        from order in Order
        from what in Gen.Frequency(
            (1, Gen.Elements(Doings.Confirmation, Doings.Rejection, Doings.Completion, Doings.Departure, Doings.Arrival, Doings.Visit)),
            (6, fulfilment switch
            {
                Fulfilment.Confirmation => Gen.Elements(Doings.Confirmation, Doings.Completion, Doings.Rejection),
                Fulfilment.Delivery => Gen.Elements(Doings.Departure, Doings.Arrival),
                Fulfilment.Assignment => Gen.Elements(Doings.Visit),
                _ => Gen.Elements(Doings.Completion),
            }))
        select (Step)new Handle(order, what);

    private static Gen<Step> Disturbing() =>
        from callsBefore in Gen.Frequency((3, Gen.Choose(0, 2)), (1, Gen.Choose(3, 6)))
        from fault in Gen.Elements(Enum.GetValues<Fault>())
        select (Step)new Disturb(callsBefore, fault);
}

/// <summary>Somebody orders: a new customer each time, but the same for the same key.</summary>
internal sealed record Place(int? Key, int Quantity, bool Declined, bool Willing, bool Expecting) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        var customer = world.Promises.NewCustomer(Key);
        decimal? expectedAmount = Expecting ? SagaWorld.Price * Quantity : null;
        decimal? expectedPrepaid = Expecting ? world.Prepaid * Quantity : null;
        world.Promises.Expects(customer, Expecting ? (SagaWorld.Price, world.Prepaid) : null);
        world.Begin(
            async () =>
            {
                (string, string)[] headers = [.. Key is { } key ? [("Idempotency-Key", $"key-{key}")] : Array.Empty<(string, string)>(), .. Willing ? [("Prefer", "respond-async")] : Array.Empty<(string, string)>()];
                using var answer = await world.AskAsync(AppIds.Ordering, customer, Roles.Customer, HttpMethod.Post, "api/orders", new
                {
                    offerId = world.OfferId,
                    quantity = Quantity,
                    destination = "Seoul",
                    phone = "010-1234-5678",
                    paymentMethod = Declined ? "card_declined" : "card_ok",
                    expectedAmount,
                    expectedPrepaid,
                }, headers);
                await world.Promises.PlacedAsync(customer, answer);
            },
            Key is null ? null : customer);
        return Task.CompletedTask;
    }

    public override IEnumerable<Step> Smaller()
    {
        if (Key is not null)
            yield return this with { Key = null };
        if (Quantity > 1)
            yield return this with { Quantity = 1 };
        if (Declined)
            yield return this with { Declined = false };
        if (Willing)
            yield return this with { Willing = false };
        if (Expecting)
            yield return this with { Expecting = false };
    }
}

/// <summary>The merchant changes the price, and the deposit.</summary>
internal sealed record Reprice(int Price, int? Deposit = null) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        world.Begin(async () =>
        {
            object change = Deposit is { } deposit ? new { price = Price, deposit } : new { price = Price };
            using var answer = await world.AskAsync(AppIds.Catalog, SagaWorld.Merchant, Roles.Merchant, HttpMethod.Patch, $"api/offers/{world.OfferId}", change);
        });
        return Task.CompletedTask;
    }
}

/// <summary>The customer of an order cancels it.</summary>
internal sealed record Cancel(int Order) : Step
{
    public override async Task TakeAsync(SagaWorld world)
    {
        if (world.OrderOf(Order) is not { } order || await world.CustomerOfAsync(order) is not { } customer)
            return;
        world.Begin(async () =>
        {
            using var answer = await world.AskAsync(AppIds.Ordering, customer, Roles.Customer, HttpMethod.Post, $"api/orders/{order}/cancellation");
            if (answer is { StatusCode: System.Net.HttpStatusCode.OK })
                world.Promises.Done(order, Promises.Cancellation);
            else if (answer is { StatusCode: System.Net.HttpStatusCode.Accepted })
                world.Promises.Done(order, Promises.TakenCancellation);
        });
    }
}

/// <summary>What those who fulfil an order can do about it.</summary>
internal static class Doings
{
    public const string Confirmation = "confirmation";
    public const string Rejection = "rejection";
    public const string Completion = "completion";
    public const string Departure = "departure";
    public const string Arrival = "arrival";
    public const string Visit = "visit";
}

/// <summary>Somebody who fulfils an order does something about it: one of <see cref="Doings"/>.</summary>
internal sealed record Handle(int Order, string What) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        if (world.OrderOf(Order) is not { } order)
            return Task.CompletedTask;
        var (appId, person, role, path) = What switch
        {
            Doings.Departure or Doings.Arrival => (AppIds.Delivery, "courier", Roles.Courier, $"api/deliveries/{order}/{What}"),
            Doings.Visit => (AppIds.Dispatch, SagaWorld.Merchant, Roles.Merchant, $"api/assignments/{order}/completion"),
            _ => (AppIds.Store, SagaWorld.Merchant, Roles.Merchant, $"api/store/orders/{order}/{What}"),
        };
        world.Begin(async () =>
        {
            using var answer = await world.AskAsync(appId, person, role, HttpMethod.Post, path, What == Doings.Rejection ? new { reason = "no" } : null);
            if (answer is { IsSuccessStatusCode: true })
                world.Promises.Done(order, What);
        });
        return Task.CompletedTask;
    }
}

/// <summary>The merchant has one more worker.</summary>
internal sealed record Hire : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        world.Begin(async () =>
        {
            using var answer = await world.AskAsync(AppIds.Dispatch, SagaWorld.Merchant, Roles.Merchant, HttpMethod.Post, "api/workers", new { name = "somebody" });
        });
        return Task.CompletedTask;
    }
}

/// <summary>The payment provider behaves like this from now on.</summary>
internal sealed record Provider(string Mode) : Step
{
    public override async Task TakeAsync(SagaWorld world) =>
        (await world.AskAsync(AppIds.PaymentProvider, "", "", HttpMethod.Put, "mode", new { mode = Mode }))?.Dispose();
}

/// <summary>Time passes.</summary>
internal sealed record Pass(int Seconds) : Step
{
    public override Task TakeAsync(SagaWorld world) => world.AdvanceAsync(TimeSpan.FromSeconds(Seconds));

    public override IEnumerable<Step> Smaller() => Seconds > 1 ? [new Pass(1)] : [];
}

/// <summary>One of the messages under way is delivered.</summary>
internal sealed record Deliver(int Message) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        if (world.Network.Pending is { Count: > 0 } pending)
            world.Begin(() => world.DeliverAsync(pending[Message % pending.Count]));
        return Task.CompletedTask;
    }

    public override IEnumerable<Step> Smaller() => Message > 0 ? [new Deliver(0)] : [];
}

/// <summary>Every message under way is delivered, and what comes of that too: one after the other, or all that are under way at once.</summary>
internal sealed record DeliverAll(bool AtOnce = false) : Step
{
    public override async Task TakeAsync(SagaWorld world)
    {
        var tried = new HashSet<Message>(ReferenceEqualityComparer.Instance);
        while (world.Network.Pending.Where(tried.Add).ToList() is { Count: > 0 } messages)
        {
            foreach (var message in messages)
            {
                world.Begin(() => world.DeliverAsync(message));
                if (!AtOnce)
                    await world.CalmAsync();
            }

            await world.CalmAsync();
        }
    }

    public override IEnumerable<Step> Smaller() => AtOnce ? [new DeliverAll()] : [];
}

/// <summary>An event that was handled before is delivered again.</summary>
internal sealed record Repeat(int Message) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        if (world.Network.Handled is { Count: > 0 } handled)
            world.Begin(() => world.DeliverAsync(handled[Message % handled.Count]));
        return Task.CompletedTask;
    }
}

/// <summary>The call between services after so many others meets a fault.</summary>
internal sealed record Disturb(int CallsBefore, Fault Fault) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        world.Network.Arm(CallsBefore, Fault);
        return Task.CompletedTask;
    }

    public override IEnumerable<Step> Smaller() => CallsBefore > 0 ? [this with { CallsBefore = 0 }] : [];
}

/// <summary>The next events that a service publishes are refused; taken all the same, or not.</summary>
internal sealed record RefusePublishing(string Service, bool Taken) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        world.Network.RefuseToPublish(Service, Taken);
        return Task.CompletedTask;
    }
}

/// <summary>A service crashes right before one of its next statements to its database.</summary>
internal sealed record Crash(string Service, int Statements) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        world.Service(Service).Life.EndBefore(Statements);
        return Task.CompletedTask;
    }

    public override IEnumerable<Step> Smaller() => Statements > 0 ? [this with { Statements = 0 }] : [];
}

/// <summary>Whatever sends one of a service's next statements to its database waits with it, until that is delivered.</summary>
internal sealed record Dawdle(string Service, int Statements) : Step
{
    public override Task TakeAsync(SagaWorld world)
    {
        var life = world.Service(Service).Life;
        life.DawdleBefore(Statements, () => world.Network.WaitAsync(life));
        return Task.CompletedTask;
    }

    public override IEnumerable<Step> Smaller() => Statements > 0 ? [this with { Statements = 0 }] : [];
}

/// <summary>A service crashes and is started again, or all that are down are started.</summary>
internal sealed record Restart(string? Service = null) : Step
{
    public override async Task TakeAsync(SagaWorld world)
    {
        foreach (var service in world.Services.Where(service => Service is null ? !service.IsUp : service.AppId == Service))
            await world.RestartAsync(service);
    }
}

/// <summary>Several things happen at the same moment.</summary>
internal sealed record Together(IReadOnlyList<Step> Steps) : Step
{
    public override async Task TakeAsync(SagaWorld world)
    {
        foreach (var step in Steps)
            await step.TakeAsync(world);
    }

    public override IEnumerable<Step> Smaller() => Steps.Count == 1
        ? Steps
        : Enumerable.Range(0, Steps.Count).Select(i => new Together([.. Steps.Take(i), .. Steps.Skip(i + 1)]));
}
