using System.Collections.Concurrent;

namespace OrderMall.People;

/// <summary>The people of a mall: those of its demo, and new customers.</summary>
public abstract class MallPeople
{
    private const string DemoPassword = "Mall-demo-1";
    private static readonly ConcurrentDictionary<(Uri Mall, string Name), Lazy<Task<Person>>> SignedIn = new();

    /// <summary>The public address.</summary>
    public abstract Uri Address { get; }

    /// <summary>How long its people wait for an answer; as long as answers may usually take if <see langword="null"/>.</summary>
    public virtual TimeSpan? Patience => null;

    /// <summary>Nobody: signed in as no one.</summary>
    public Person Anyone => new(Address, patience: Patience);

    /// <summary>A customer whom the mall has never seen.</summary>
    public Task<Customer> NewCustomerAsync() => Customer.RegisterAsync(Address);

    /// <summary>The demo's customer.</summary>
    public async Task<Person> DemoAsync(string name)
    {
        var signedIn = SignedIn.GetOrAdd(
            (Address, name), _ => new Lazy<Task<Person>>(() => Eventually.Answers(() => Person.SignInAsync(Address, $"{name}@mall.test", DemoPassword, Patience))));
        try
        {
            return await signedIn.Value;
        }
        catch
        {
            SignedIn.TryRemove(KeyValuePair.Create((Address, name), signedIn)); // whoever comes next tries for themselves
            throw;
        }
    }

    /// <summary>The bookshop, which sells what the tests order.</summary>
    public Task<Shop> BookshopAsync() => ShopAsync("bookshop");

    /// <summary>One of the demo's merchants.</summary>
    public async Task<Shop> ShopAsync(string name) => new(await DemoAsync(name));

    /// <summary>The courier.</summary>
    public async Task<Courier> CourierAsync() => new(await DemoAsync("courier"));

    /// <summary>The publisher.</summary>
    public async Task<Publisher> PublisherAsync() => new(await DemoAsync("publisher"));

    /// <summary>The reviewer of new titles.</summary>
    public async Task<Reviewer> ReviewerAsync() => new(await DemoAsync("reviewer"));

    /// <summary>Who runs the mall.</summary>
    public async Task<Operator> OperatorAsync() => new(await DemoAsync("operator"));
}
