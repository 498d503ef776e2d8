using Xunit.Sdk;

namespace OrderMall.People;

/// <summary>The mall answered what a test did not expect: it fails, unless whoever asked may try again.</summary>
public sealed class UnexpectedAnswerException(string message, Answer answer) : XunitException(message)
{
    public Answer Answer => answer;
}
