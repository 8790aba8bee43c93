using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <content>Imports and calls.</content>
internal sealed partial class PickleMachine
{
    /// <summary>Imports what two lines name.</summary>
    /// <returns>Whether both were there.</returns>
    private bool ImportLines(long position)
    {
        var module = NameLine(position);
        if (_end is not null)
        {
            return false;
        }
        var name = NameLine(position);
        var isCut = _end is not null;
        if (isCut && string.IsNullOrEmpty(name))
        {
            return false;
        }
        // Without its end, the last line loses its last character.
        Import(module, isCut ? name![..^1] : name, position);
        return true;
    }

    private string? NameLine(long position)
    {
        var length = LineLength(position);
        if (length < 0)
        {
            var rest = input.Available;
            var partial = _end is null || rest.Length > Limits.PickleNameBytes ? null : PickleText.Utf8(rest);
            Line(position);
            return partial;
        }
        var line = length > Limits.PickleNameBytes ? null : PickleText.Utf8(input.Available[..length]);
        input.Advance(length + 1);
        return line;
    }

    private void Import(PickleValue module, PickleValue name, long position)
    {
        var isLong = module.IsText && name.IsText && (module.Kind == PickleKind.LongText || name.Kind == PickleKind.LongText);
        Import(texts.Read(module), texts.Read(name), position, isSure: isLong || !_exactNames);
    }

    /// <param name="module">The module; null where only a running program could tell.</param>
    /// <param name="name">The name in it; null likewise.</param>
    /// <param name="position">Where the opcode is.</param>
    /// <param name="isSure">Whether names that cannot be told are no words of a text, and no accident.</param>
    private void Import(string? module, string? name, long position, bool isSure = false)
    {
        var isCounted = false;
        if (module is null || name is null)
        {
            // In a guessed place, or after an error, this says nothing: any bytes give such an opcode.
            isCounted = isSure && Error is null;
            if (isCounted || (Error is null && !_exactNames))
            {
                SawImport = true;
                events.AddUnresolved(module ?? "?", name ?? "?", position);
            }
        }
        else if ((Error is null && !_exactNames) || (PickleText.IsName(module) && PickleText.IsName(name)))
        {
            // Before this is known to be a pickle, a line of prose or of a program is no name of a module.
            (SawImport, isCounted) = (true, _sure || (PickleText.MayBeName(module) && PickleText.MayBeName(name)));
            if (events.Add(module, name, position)?.Module is not null and not ModelScanRules.AnyModule && isCounted)
            {
                _deniedAt = Math.Min(_deniedAt, Opcodes);
            }
        }
        Push(PickleValue.OfImport(isCounted, isCounted ? RoleOf(module, name) : PickleRole.None), position);
    }

    private void ImportExtension(long code, long position)
    {
        if (_end is not null)
        {
            return;
        }
        if (code is 0 or > int.MaxValue)
        {
            Fail("an extension code that cannot be", position);
        }
        Import($"extension {code}", null, position, isSure: !_exactNames);
    }

    private void Call(PickleValue callee, long position, PickleValue arguments = default)
    {
        if (_end is not null)
        {
            return;
        }
        // Words on lines push imports; a function is no list of arguments.
        if (callee.IsSureImport && (_sure || arguments.Kind != PickleKind.Import))
        {
            SawCall |= Error is null;
            _sure |= SawCall;
        }
        else if (Error is null && !_exactNames && callee.Kind == PickleKind.Called)
        {
            events.AddOddity("call-of-result", position);
        }
        else if (callee.Kind is not (PickleKind.Called or PickleKind.Import))
        {
            Fail("what is called is no function", position);
        }
        Push(ResultOf(callee, arguments), position);
    }

    private void CallAtMark(long position)
    {
        if (_markCount > 0 && _marks[_markCount - 1] < _count)
        {
            var callee = _stack[_marks[_markCount - 1]];
            PopMark(position);
            Call(callee, position);
        }
        else
        {
            Fail("an object without a class", position);
            PopMark(position);
            Push(PickleValue.Called, position);
        }
    }

    /// <summary>A state, an item or an attribute is set on a value.</summary>
    private void Change(PickleValue changed, long position)
    {
        if (changed.IsSureImport && Error is null && !_exactNames)
        {
            _changedAt = Math.Min(_changedAt, Opcodes);
            events.AddOddity("import-changed", position);
        }
    }
}
