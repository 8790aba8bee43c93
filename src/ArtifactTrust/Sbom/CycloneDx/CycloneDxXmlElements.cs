using System.Text;
using System.Xml;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Writes elements of one namespace: those without text not at all, and text so that it hides nothing.</summary>
internal sealed class CycloneDxXmlElements(XmlWriter xml, string @namespace)
{
    internal void Organization(string element, string? name)
    {
        if (!string.IsNullOrEmpty(name))
        {
            Begin(element);
            Element("name", name);
            End();
        }
    }

    internal void Properties(IReadOnlyList<SbomProperty> properties) =>
        Each(
            "properties",
            properties,
            property =>
            {
                Begin("property");
                Attribute("name", property.Name);
                Characters(property.Value);
                End();
            }
        );

    internal void Within(string outer, string inner, string text)
    {
        Begin(outer);
        Element(inner, text);
        End();
    }

    internal void Each<T>(string element, IEnumerable<T> items, Action<T> write)
    {
        var any = false;
        foreach (var item in items)
        {
            if (!any)
            {
                Begin(element);
                any = true;
            }
            write(item);
        }
        if (any)
        {
            End();
        }
    }

    internal void Element(string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Begin(name);
            Characters(text);
            End();
        }
    }

    internal void Attribute(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            xml.WriteStartAttribute(name);
            Characters(value);
            xml.WriteEndAttribute();
        }
    }

    /// <summary>Writes text: hidden characters as references, and what XML cannot hold as U+FFFD.</summary>
    internal void Characters(string text)
    {
        var begin = 0;
        for (var i = 0; i < text.Length; )
        {
            var ok = Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) == System.Buffers.OperationStatus.Done;
            // XML 1.0 §2.2, Char.
            var allowed = ok && rune.Value is '\t' or '\n' or '\r' or (>= 0x20 and not (0xfffe or 0xffff));
            if (!allowed || rune.Value >= 0x7f && SbomJsonEncoder.IsHidden(rune.Value))
            {
                xml.WriteString(text[begin..i]);
                Special(allowed ? rune : Rune.ReplacementChar);
                begin = i + used;
            }
            i += used;
        }
        xml.WriteString(text[begin..]);
    }

    private void Special(Rune rune)
    {
        if (rune == Rune.ReplacementChar)
        {
            xml.WriteString("\uFFFD");
        }
        else if (rune.IsBmp)
        {
            xml.WriteCharEntity((char)rune.Value);
        }
        else
        {
            Span<char> pair = stackalloc char[2];
            rune.EncodeToUtf16(pair);
            xml.WriteSurrogateCharEntity(pair[1], pair[0]);
        }
    }

    internal void Begin(string name) => xml.WriteStartElement(name, @namespace);

    internal void End() => xml.WriteEndElement();
}
