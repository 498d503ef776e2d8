using Microsoft.Extensions.Configuration;
using OrderMall.Notification;

namespace OrderMall.Services.Tests;

/// <summary>The texts of messages, and how values come into them.</summary>
public sealed class NotificationTemplateTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Thank you.", "Thank you.")]
    [InlineData("{title}", "A Book")]
    [InlineData("{title}: {title}{kind}.", "A Book: A Bookbook.")]
    [InlineData("{제목}: {title}", "책: A Book")]
    [InlineData("{nothing} of {title}", "{nothing} of A Book")]
    [InlineData("{Title} {title}", "{Title} A Book")]
    [InlineData("{title} {", "A Book {")]
    [InlineData("{title} {title", "A Book {title")]
    [InlineData("{title}}", "A Book}")]
    [InlineData("{{title}}", "{A Book}")]
    [InlineData("{} } {a title} {title }", "{} } {a title} {title }")]
    public void Placeholders_with_a_value_are_filled_and_all_else_stays(string text, string expected) =>
        Assert.Equal(expected, new Template(text).Fill(name => name switch { "title" => "A Book", "kind" => "book", "제목" => "책", _ => null }));

    [Fact]
    public void Nothing_is_filled_in_a_value() =>
        Assert.Equal("{kind} {title} book", new Template("{title} {kind}").Fill(name => name == "title" ? "{kind} {title}" : "book"));

    [Fact]
    public void No_value_is_asked_for_that_has_no_placeholder()
    {
        var asked = new List<string>();
        var template = new Template("{title} of {what}");
        for (var i = 0; i < 2; i++)
        {
            template.Fill(name =>
            {
                asked.Add(name);
                return "";
            });
        }

        Assert.Equal(["title", "what", "title", "what"], asked);
    }

    [Fact]
    public void Texts_are_kept_until_the_configuration_changes()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        using var texts = new Texts(configuration);
        var ours = texts.TemplateOf("en", "part:when");
        Assert.Same(ours, texts.TemplateOf("en", "part:when"));
        Assert.Equal(", on Monday", ours.Fill(_ => "Monday"));
        configuration["Notification:Texts:en:part:when"] = " ({date})";
        configuration.Reload();
        Assert.Equal(" (Monday)", texts.TemplateOf("en", "part:when").Fill(_ => "Monday"));
        Assert.Equal(", Monday", texts.TemplateOf("ko", "part:when").Fill(_ => "Monday"));
        Assert.Throws<ArgumentException>(() => texts.TemplateOf("en", "part:nothing"));
    }

    [Fact]
    public void What_an_order_is_of_is_written_once_for_all_that_is_told_of_it()
    {
        using var texts = new Texts(new ConfigurationBuilder().Build());
        var valueOf = new Words(texts, "en").Of(Orders.Table());
        Assert.Equal("1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul)", valueOf("what"));
        Assert.Same(valueOf("what"), valueOf("what"));
        Assert.Null(valueOf("quantity"));
    }
}
