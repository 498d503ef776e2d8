using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using OrderMall.Contracts;
using OrderMall.Gateway;

namespace OrderMall.Services.Tests;

/// <summary>People at the gateway.</summary>
internal static class Accounts
{
    /// <summary>What signing in gives.</summary>
    internal sealed record Tokens(string TokenType, string AccessToken, int ExpiresIn, string RefreshToken);

    /// <summary>Opens an account with the demo's password.</summary>
    /// <returns>Its address.</returns>
    public static async Task<string> RegisterAsync(HttpClient at)
    {
        var email = $"{Guid.NewGuid():N}@customer.test";
        using var response = await at.PostAsJsonAsync("/api/account/register", new { email, password = Demo.Password, name = "A customer" });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return email;
    }

    /// <summary>Registers a new account and signs in.</summary>
    public static async Task<Tokens> SignInAsync(RunningService<GatewayService> gateway) => await SignInAsync(gateway.Internal, await RegisterAsync(gateway.Internal));

    /// <summary>Signs in.</summary>
    public static async Task<Tokens> SignInAsync(HttpClient at, string email, string password = Demo.Password, Uri? replica = null)
    {
        using var response = await at.PostAsJsonAsync(new Uri(replica ?? at.BaseAddress!, "/api/account/login"), new { email, password });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Tokens>())!;
    }

    /// <summary>Asks with a token; comes back once the headers of the answer are there.</summary>
    public static async Task<HttpResponseMessage> AskAsync(HttpClient at, string path, string? token, HttpMethod? verb = null, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(verb ?? HttpMethod.Get, path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await at.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The status of what is asked with a token.</summary>
    public static async Task<HttpStatusCode> StatusAsync(HttpClient at, string path, string? token, HttpMethod? verb = null, HttpContent? content = null)
    {
        using var response = await AskAsync(at, path, token, verb, content);
        return response.StatusCode;
    }
}
