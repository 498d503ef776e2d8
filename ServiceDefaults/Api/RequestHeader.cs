namespace OrderMall.ServiceDefaults.Api;

/// <summary>A header that an endpoint reads by a parameter which binds itself: metadata, for the description of the API.</summary>
public sealed record RequestHeader(string Name, string Description);
