namespace OrderMall.Web;

/// <summary>The words of the pages, in <c>Texts.resx</c> (English) and <c>Texts.ko.resx</c>.</summary>
public sealed class Texts;
