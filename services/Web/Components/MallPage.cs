using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Localization;
using OrderMall.Web.Api;
using OrderMall.Web.Session;

namespace OrderMall.Web.Components;

/// <summary>What every page has: the API, the words, and what was asked and sent.</summary>
public abstract class MallPage : ComponentBase
{
    /// <summary>The request.</summary>
    [CascadingParameter]
    public HttpContext Context { get; set; } = null!;

    [Inject]
    private protected MallClient Api { get; set; } = null!;

    [Inject]
    private protected IStringLocalizer<Texts> L { get; set; } = null!;

    [Inject]
    private protected NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private protected Drafts Drafts { get; set; } = null!;

    /// <summary>What was wrong with what was sent, by field.</summary>
    private protected IReadOnlyDictionary<string, string[]> Errors { get; set; } = new Dictionary<string, string[]>();

    /// <summary>Why it was refused.</summary>
    private protected Problem? Refusal { get; set; }

    private IReadOnlyDictionary<string, string>? _draft;
    private bool _isLoaded;

    /// <summary>Asks for what the page shows. Nothing is rendered before: there is one answer to a request, and it is whole.</summary>
    protected virtual Task LoadAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public override async Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this);
        if (!_isLoaded)
            await LoadAsync();
        _isLoaded = true;
        await base.SetParametersAsync(ParameterView.Empty);
    }

    private protected bool IsSignedIn => Context.User.Identity?.IsAuthenticated == true;

    /// <summary>Whether somebody does the work of a business, and does not decide what it sells.</summary>
    private protected bool IsStaff => SessionCookie.IsStaff(Context.User);

    private protected string Here => Context.Request.PathBase + Context.Request.Path + Context.Request.QueryString;

    /// <summary>A value of the address.</summary>
    private protected string? Asked(string name) => Context.Request.Query[name].ToString().Trim() is { Length: > 0 } value ? value : null;

    /// <summary>A field as it was sent, or had been filled in when the session was over.</summary>
    private protected string? Sent(string name)
    {
        if (HttpMethods.IsPost(Context.Request.Method) && Context.Request.HasFormContentType && Context.Request.Form.TryGetValue(name, out var value))
            return value.ToString().Trim() is { Length: > 0 } text ? text : null;
        _draft ??= Drafts.Read(Asked("draft"));
        return _draft.GetValueOrDefault(name);
    }

    /// <summary>The part of an address that asks for these values; those that are null are left out.</summary>
    private protected static string QueryOf(params (string Name, string? Value)[] values) =>
        string.Join('&', values.Where(value => value.Value is { Length: > 0 }).Select(value => $"{value.Name}={Uri.EscapeDataString(value.Value!)}"));

    /// <summary>Takes an answer's refusal up into the page; who has to sign in is led there, with what was filled in.</summary>
    /// <returns>Whether it was done.</returns>
    private protected bool IsDone<T>(Answer<T> answer)
        where T : class
    {
        if (answer.IsSignedOut)
        {
            GoTo($"/sign-in?{QueryOf(("back", $"{Context.Request.Path}?{QueryOf(("draft", Drafts.Keep(Context.Request.Form)))}"), ("said", "session-over"))}");
            return false;
        }

        Refusal = answer.Problem;
        Errors = answer.Problem?.Errors ?? Errors;
        if (answer.Problem is not null)
            Context.Response.StatusCode = answer.Status;
        return answer.Ok;
    }

    /// <summary>What is wrong with a field, in the page's language.</summary>
    private protected string? Error(string field) =>
        !Errors.TryGetValue(field, out var messages) ? null
        : L[$"wrong.{field}"] is { ResourceNotFound: false } words ? words.Value
        : messages.FirstOrDefault();

    /// <summary>Leads on with the next request.</summary>
    private protected void GoTo(string address) => Navigation.NavigateTo(address);
}
