namespace OrderMall.People;

/// <summary>Carries parcels.</summary>
public sealed class Courier(Person who) : Person(who)
{
    public Task<Answer> DepartAsync(Guid orderId) => PostAsync($"/api/deliveries/{orderId}/departure");

    public Task<Answer> ArriveAsync(Guid orderId) => PostAsync($"/api/deliveries/{orderId}/arrival");
}
