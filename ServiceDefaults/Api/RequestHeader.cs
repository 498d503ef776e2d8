namespace OrderMall.ServiceDefaults.Api;

/// <summary>A header that an endpoint reads by a parameter which binds itself: metadata, for the description of the API.</summary>
/// <param name="Description">What it changes.</param>
public sealed record RequestHeader(string Name, string Description);
