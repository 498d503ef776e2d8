namespace OrderMall.People;

/// <summary>There was no answer, or not a whole one: what became of the request is not known.</summary>
/// <param name="inTime">Whether that was clear before the time was over.</param>
/// <param name="inner">What it came from.</param>
public sealed class UnansweredException(string request, string why, bool inTime, Exception inner) : HttpRequestException($"{request}: {why}", inner)
{
    public string Request => request;

    public bool InTime => inTime;
}
