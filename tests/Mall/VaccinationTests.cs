using System.Globalization;
using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A person books a dose by hospital, date and vaccine.</summary>
public sealed class VaccinationTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private static readonly string Date = Shop.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private readonly string _vaccine = $"Influenza vaccine {Guid.NewGuid():N}";

    [Fact]
    public async Task A_clinic_registers_doses_by_hospital_date_and_vaccine_and_whoever_is_interested_hears_of_it_once()
    {
        var (clinic, interested, other, indifferent) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        await InterestAsync(interested, "vaccination", "table");
        await InterestAsync(other, "table");

        var offer = await clinic.SellDosesAsync(_vaccine, 30, "Namsan Clinic");

        var doses = (await mall.Anyone.GetAsync($"/api/offers/{offer}")).Is(HttpStatusCode.OK);
        Assert.Equal(("vaccination", _vaccine, "Namsan Clinic", Date, "30", "30"), (doses["kind"], doses["title"], doses["place"], doses["date"], doses["capacity"], doses["available"]));
        Assert.Contains(offer, (await mall.Anyone.ListAsync("/api/offers?kind=vaccination")).Select(listed => listed.GetProperty("id").GetGuid()));
        await interested.IsToldOnceAsync(_vaccine, "Namsan Clinic", Date);
        // What is heard of later does not bring the first message again, and whoever lost interest hears of nothing.
        await InterestAsync(other, "vaccination");
        await InterestAsync(interested);
        var next = $"Shingles vaccine {Guid.NewGuid():N}";
        await clinic.SellDosesAsync(next, 30);
        await other.IsToldOnceAsync(next);
        Assert.Single(await interested.MessagesNamingAsync(_vaccine));
        Assert.Empty(await interested.MessagesNamingAsync(next));
        Assert.Empty(await other.MessagesNamingAsync(_vaccine));
        Assert.Empty(await indifferent.ListAsync("/api/notifications"));
    }

    [Fact]
    public async Task A_booking_holds_a_dose_at_once_is_confirmed_by_itself_and_is_seen_whole_in_one_call()
    {
        var (clinic, person) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync());
        var offer = await clinic.SellDosesAsync(_vaccine, 3, "Namsan Clinic");

        var booking = await person.BookAsync(offer);
        Assert.Equal(2, await clinic.AvailableAsync(offer));

        var seen = await person.OnPageAsync(booking, "Confirmed");
        Assert.Equal((booking, _vaccine, "Namsan Clinic", Date), (seen.GetProperty("orderId").GetGuid(), Text(seen, "title"), Text(seen, "place"), Text(seen, "date")));
        Assert.Single(await person.PageAsync());
        Assert.Equal(["Accepted", "Received", "Confirmed"], await person.HistoryAsync(booking));
        await person.IsToldOnceAsync(_vaccine, "confirmed", "Namsan Clinic", Date);
        Assert.Equal(Date, Text(await clinic.InBookAsync(booking, "Confirmed"), "date"));
        (await person.GetAsync($"/api/payments/{booking}")).IsProblem(HttpStatusCode.NotFound, "not-found");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task The_last_dose_is_booked_by_one_and_refused_to_all_others()
    {
        var clinic = await mall.ShopAsync("clinic");
        var people = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => mall.NewCustomerAsync()));
        var (offer, elsewhere) = (await clinic.SellDosesAsync(_vaccine, 1), await clinic.SellDosesAsync(_vaccine, 1, "Namsan Clinic"));

        var answers = await Task.WhenAll(people.Select(person => person.OrderAsync(offer)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => answer.IsProblem(HttpStatusCode.Conflict, "sold-out"));
        Assert.Equal((0, 1), (await clinic.AvailableAsync(offer), await clinic.AvailableAsync(elsewhere)));
        await people[0].BookAsync(elsewhere);
    }

    [Fact]
    public async Task A_cancelled_booking_gives_the_dose_back_and_the_person_is_told()
    {
        var (clinic, person, next) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
        var offer = await clinic.SellDosesAsync(_vaccine, 1);
        var booking = await person.BookAsync(offer);
        await person.SeesAsync(booking, "Confirmed");

        Assert.Equal("Cancelled", (await person.CancelAsync(booking)).Is(HttpStatusCode.OK)["status"]);

        await clinic.HasLeftAsync(offer, 1);
        await person.IsToldOnceAsync(_vaccine, "cancelled");
        await person.OnPageAsync(booking, "Cancelled");
        await clinic.InBookAsync(booking, "Cancelled");
        await next.BookAsync(offer);
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task A_dose_that_was_given_cannot_be_cancelled()
    {
        var (clinic, person) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync());
        var offer = await clinic.SellDosesAsync(_vaccine, 1);
        var booking = await person.BookAsync(offer);
        await clinic.InBookAsync(booking, "Confirmed");
        (await clinic.CompleteAsync(booking)).Is(HttpStatusCode.OK);

        (await person.CancelAsync(booking)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");

        await person.OnPageAsync(booking, "Completed");
        Assert.Equal(0, await clinic.AvailableAsync(offer));
    }

    [Fact]
    public async Task Doses_of_a_day_are_not_booked_for_another()
    {
        var (clinic, person) = (await mall.ShopAsync("clinic"), await mall.NewCustomerAsync());
        var offerId = await clinic.SellDosesAsync(_vaccine, 1);

        var refused = (await person.PostAsync("/api/orders", new { offerId, quantity = 1, date = Shop.Day.AddDays(1) })).IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(refused.Json.GetProperty("errors").TryGetProperty("date", out _));
        Assert.Equal(1, await clinic.AvailableAsync(offerId));
        (await person.PostAsync("/api/orders", new { offerId, quantity = 1, date = Shop.Day })).Is(HttpStatusCode.Created);
    }

    private static async Task InterestAsync(Customer person, params string[] kinds) =>
        (await person.PutAsync("/api/notifications/interests", new { kinds })).Is(HttpStatusCode.OK);

    private static string? Text(JsonElement order, string field) => order.GetProperty(field).GetString();
}
