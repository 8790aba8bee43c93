using System.Text.Json;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary><c>tokenizer.json</c>: how text becomes numbers, and for how many pieces of text there is one. A vocabulary of any size is read in little memory.</summary>
/// <remarks>Spec: Hugging Face tokenizers, the serialized form of a tokenizer.</remarks>
internal sealed class TokenizerReader : FormatReader
{
    /// <inheritdoc/>
    internal override string Format => "hf-tokenizer";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Description;

    /// <inheritdoc/>
    internal override string? MediaType => "application/json";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.Name == "tokenizer.json";

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var tokenizer = new Tokenizer();
        tokenizer.Run(input, input.Length, lines: false);
        if (!tokenizer.HasModel)
        {
            // Others, such as Keras, give their files the same name.
            return new FileFacts("json", FileRole.Other) { MediaType = MediaType };
        }
        var properties = new PropertyList("tokenizer")
            .Add("type", tokenizer.Type)
            .Add("vocabulary", tokenizer.Vocabulary)
            .Add("added-tokens", tokenizer.AddedTokens)
            .Items;
        return new FileFacts(Format, Role)
        {
            MediaType = MediaType,
            Properties = properties,
            Model = new ModelFacts { Properties = properties },
        };
    }

    /// <summary>Counts the entries of the vocabulary, a mapping or, with scores, a list.</summary>
    private sealed class Tokenizer() : JsonScanner("tokenizer.json")
    {
        private bool _inModel;
        private bool _inAdded;
        private bool _inType;
        private bool _inVocabulary;
        private bool _isMapping;

        internal bool HasModel { get; private set; }

        internal string? Type { get; private set; }

        internal long? Vocabulary { get; private set; }

        /// <summary>Tokens beside the model's, of which some may be in its vocabulary too.</summary>
        internal long? AddedTokens { get; private set; }

        protected override void Token(ref Utf8JsonReader reader)
        {
            var type = reader.TokenType;
            if (type is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                return;
            }
            switch (reader.CurrentDepth)
            {
                case 1 when type == JsonTokenType.PropertyName:
                    (_inModel, _inAdded) = (Is(ref reader, "model"u8), Is(ref reader, "added_tokens"u8));
                    (_inType, _inVocabulary) = (false, false);
                    break;
                case 1 when _inModel && type == JsonTokenType.StartObject:
                    HasModel = true;
                    break;
                case 1 when _inAdded && type == JsonTokenType.StartArray:
                    AddedTokens = 0;
                    break;
                case 2 when _inModel && type == JsonTokenType.PropertyName:
                    (_inType, _inVocabulary) = (Is(ref reader, "type"u8), Is(ref reader, "vocab"u8));
                    break;
                case 2 when _inType && type == JsonTokenType.String:
                    Type = Text(ref reader);
                    break;
                case 2 when _inVocabulary && type is JsonTokenType.StartObject or JsonTokenType.StartArray:
                    (_isMapping, Vocabulary) = (type == JsonTokenType.StartObject, 0);
                    break;
                case 2 when _inAdded && AddedTokens is not null:
                    AddedTokens++;
                    break;
                case 3 when _inVocabulary && Vocabulary is not null && (!_isMapping || type == JsonTokenType.PropertyName):
                    Vocabulary++;
                    break;
            }
        }
    }
}
