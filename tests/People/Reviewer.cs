using System.Text.Json;

namespace OrderMall.People;

/// <summary>Decides for the product team which new titles are sold.</summary>
public sealed class Reviewer(Person who) : Person(who)
{
    /// <summary>The review in the reviewers' list, once it has that status.</summary>
    public Task<JsonElement> SeesAsync(Guid titleId, string status) => Eventually.Satisfies(
        async () => (await NewestAsync($"/api/reviews?status={status}")).FirstOrDefault(review => review.GetProperty("titleId").GetGuid() == titleId),
        review => review.ValueKind == JsonValueKind.Object,
        $"have title {titleId} as {status} in the list of reviews");

    public Task<Answer> ApproveAsync(Guid titleId) => PostAsync($"/api/reviews/{titleId}/approval");

    public Task<Answer> RejectAsync(Guid titleId, string reason) => PostAsync($"/api/reviews/{titleId}/rejection", new { reason });
}
