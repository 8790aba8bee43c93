using System.Text;
using ArtifactTrust.Scanning.Models;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>Templates of chats: what makes up the names of attributes, and what real templates do.</summary>
public sealed class TemplateTests
{
    [Theory]
    [InlineData("{{ lipsum['..globals..'|replace('.','_')]['os']['pop'~'en']('echo PWNED').read() }}")]
    [InlineData("{{ x['..globals..'|replace('.','_')] }}")]
    [InlineData("{{ x[('_'*2)~'class'~('_'*2)] }}")]
    [InlineData("{{ x['_'*2+'class'] }}")]
    [InlineData("{% set u='_'*2 %}{{ x[u~'class'~u] }}")]
    [InlineData("{% set u=(x|string)[0] %}{{ ''[u~u~'class'~u~u] }}")]
    [InlineData("{% set k=u~'class' %}{{ x[k] }}")]
    [InlineData("{% set k %}{{ u }}class{% endset %}{{ x[k] }}")]
    [InlineData("{% macro m() %}class{% endmacro %}{{ x[m()] }}")]
    [InlineData("{% macro m(k) %}{{ x[k] }}{% endmacro %}{{ m(u~'class') }}")]
    [InlineData("{% macro m(a, k=u~'class') %}{{ x[k] }}{% endmacro %}")]
    [InlineData("{{ m(1, k=u~'class') }}{% macro m(a, k) %}{{ x[k] }}{% endmacro %}")]
    [InlineData("{% macro m(k) %}{{ x[k] }}{% endmacro %}{% set f=m %}{{ f(u~'class') }}")]
    [InlineData("{% call(k) m() %}{{ x[k] }}{% endcall %}{% macro m() %}{{ caller(u~'class') }}{% endmacro %}")]
    [InlineData(
        "{% call() m() %}{% endcall %}{% call(k) m() %}{{ x[k] }}{% endcall %}{% macro m() %}{{ caller(u~'class') }}{% endmacro %}"
    )]
    [InlineData("{% macro m() %}{{ x[varargs[0]] }}{% endmacro %}{{ m(u~'class') }}")]
    [InlineData("{% macro m() %}{{ x[kwargs.k] }}{% endmacro %}{{ m(k=u~'class') }}")]
    [InlineData("{% macro m(k) %}{{ x[k] }}{% endmacro %}{{ m(*[u~'class']) }}")]
    [InlineData("{% macro m(k) %}{{ x[k[::2]] }}{% endmacro %}{{ m(*['_a_b']) }}")]
    [InlineData("{% set d = dict([('k', u~'class')]) %}{{ x[d.k] }}")]
    [InlineData("{% set d = {0: u~'class'} %}{{ x[d[0]] }}")]
    [InlineData("{{ x[{'k': u~'class'}.values()|list|first] }}")]
    [InlineData("{{ x[{'k': u~'class'}.get('k')] }}")]
    [InlineData("{% for k, v in {'k': u~'class'}|items %}{{ x[v] }}{% endfor %}")]
    [InlineData("{% set ns = namespace(k=u~'class') %}{% set n = 'k' %}{{ x[ns[n]] }}")]
    [InlineData("{% set ns = namespace(k=u~'class') %}{{ x[[ns]|map(attribute='k')|first] }}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(u~'class') %}{{ x[l[0]] }}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(u~'class') %}{% for k in l %}{{ x[k] }}{% endfor %}")]
    [InlineData("{% for k in [u~'class'] %}{{ x[k] }}{% endfor %}")]
    [InlineData("{% for k in ['a'] recursive %}{{ x[k] }}{{ loop([u~'class']) }}{% endfor %}")]
    [InlineData("{% set ns = namespace(k='') %}{% set ns.k = ns.k ~ u %}{{ x[ns.k] }}")]
    [InlineData("{% set ns = namespace(k=u~'class') %}{{ x[ns.k] }}")]
    [InlineData("{% set d = {'k': u~'class'} %}{{ x[d.k] }}")]
    [InlineData("{% set d = {'k': u~'class'} %}{{ x[d['k']] }}")]
    [InlineData("{% with k=u~'class' %}{{ x[k] }}{% endwith %}")]
    [InlineData("{% set a, b = [u~'class', 1] %}{{ x[a] }}")]
    [InlineData("{% set s='_x_xcxlxaxsxsx_x_' %}{{ x[s[::2]] }}")]
    [InlineData("{{ x['%sclass' % u] }}")]
    [InlineData("{{ x['%sclass'|format(u)] }}")]
    [InlineData("{{ x['{}class'.format(u)] }}")]
    [InlineData("{{ x[['a', u]|join] }}")]
    [InlineData("{{ x[''.join(['a', u])] }}")]
    [InlineData("{{ x[dict(a=1)|join] }}")]
    [InlineData("{{ x['ssalc'|reverse] }}")]
    [InlineData("{{ x['CLASS'|lower] }}")]
    [InlineData("{{ x[('a' if y else u~'class')] }}")]
    [InlineData("{{ x[y or u~'class'] }}")]
    [InlineData("{{ x[bos_token] }}")]
    [InlineData("{{ x[bos_token + eos_token] }}")]
    [InlineData("{{ x[y + z] }}")]
    [InlineData("{{ x|map(attribute=u~'class')|list }}")]
    [InlineData("{{ x|selectattr(u~'class')|list }}")]
    [InlineData("{{ x|groupby(u~'class') }}")]
    [InlineData("{{ x|sort(attribute=u~'class') }}")]
    [InlineData("{{ x|map(u, 'class')|list }}")]
    [InlineData("{{ x|map('attr', k)|list }}")]
    [InlineData("{{ y.format(x) }}")]
    [InlineData("{{ {'a': {'b': 1}}[u~'class'] }}")]
    [InlineData("{{ {'a': {}}|length }}{{ x[u~'class'] }}")]
    [InlineData("{% raw %}{{ ' {% endraw %}{{ x[u~'class'] }}{% raw %} ' }}{% endraw %}")]
    [InlineData("{% if x[u~'class'] %}{% endif %}")]
    [InlineData("{%- set x = y[u~'class'] -%}")]
    [InlineData("{% print x[u~'class'] %}")]
    [InlineData("{% for a in x[u~'class'] if a %}{% endfor %}")]
    [InlineData("{{ x['\\N{LATIN SMALL LETTER C}lass'] }}")]
    public void A_name_that_is_put_together_is_found(string template) => Found("template-obfuscated", Severity.High, template);

    [Theory]
    [InlineData("{{ x['\\N{LOW LINE}_class_\\N{LOW LINE}'] }}")]
    [InlineData("{{ x['\\x5f_class_\\u005f'] }}")]
    [InlineData("{{ x['__cla' 'ss__'] }}")]
    [InlineData("{{ x['__anything__'] }}")]
    [InlineData("{{ {'a': {}}.__class__ }}")]
    [InlineData("{{ x.gi_frame.f_globals }}")]
    [InlineData("{{ x['f_globals'] }}")]
    [InlineData("{% set k = 'gi_frame' %}{{ x[k] }}")]
    [InlineData("{{ x|map(attribute='__x') }}")]
    [InlineData("{{ '{0._x}'.__mod__(x) }}")]
    public void A_name_that_leads_inside_is_found(string template) => Found("template-internals", Severity.Critical, template);

    [Theory]
    [InlineData("{{ x[u~'en']('id') }}")]
    [InlineData("{{ x['os']['popen']('id') }}")]
    [InlineData("{{ lipsum }}")]
    [InlineData("{{ self.x() }}")]
    [InlineData("{{ cycler('a').next() }}")]
    [InlineData("{{ joiner|string }}")]
    [InlineData("{{ _context }}")]
    public void A_call_that_no_chat_needs_is_found(string template) => Found("template-call", Severity.High, template);

    [Theory]
    [InlineData("{% for i in range(10**9) %}{% endfor %}")]
    [InlineData("{% for i in range(0xFFFFFFF) %}{% endfor %}")]
    [InlineData("{% for i in range(1_000_000_000) %}{% endfor %}")]
    [InlineData("{% for i in range(1000*1000*1000) %}{% endfor %}")]
    [InlineData("{% set n = 999999999 %}{% for i in range(n) %}{% endfor %}")]
    [InlineData("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}")]
    [InlineData("{% for i in y %}{{ 'a'*9999999999 }}{% endfor %}")]
    [InlineData("{{ 'a'|center(9999999999) }}")]
    [InlineData("{{ 'a'.rjust(9999999999) }}")]
    [InlineData("{{ '%9999999999d' % 1 }}")]
    [InlineData("{{ 10**10**10 }}")]
    public void A_template_that_may_run_for_ever_is_found(string template) => Found("template-loop", Severity.Medium, template);

    [Fact]
    public void What_cannot_be_followed_is_inconclusive()
    {
        var deep = $"{{{{ {new string('(', 200)}1{new string(')', 200)} }}}}";
        var steps = string.Concat(Enumerable.Range(0, 20).Reverse().Select(i => $"{{% set a{i + 1} = a{i} %}}"));
        var wide = $"{{{{ {string.Join(",", Enumerable.Range(0, 100_000))} }}}}";
        foreach (var template in new[] { deep, steps + "{% set a0 = u~'' %}", wide })
        {
            Assert.Equal(FileVerdict.Inconclusive, Scan(template).Verdict);
        }
    }

    [Theory]
    [InlineData("{{ x[")]
    [InlineData("{{ x[(}}")]
    [InlineData("{{ {")]
    [InlineData("{{ [1, ")]
    [InlineData("{{ f(a=")]
    [InlineData("{% for %}")]
    [InlineData("{% for x in %}")]
    [InlineData("{% set %}")]
    [InlineData("{% macro f( %}")]
    [InlineData("{% macro %}")]
    [InlineData("{% call( %}")]
    [InlineData("{% with a %}")]
    [InlineData("{% raw %}{{ ")]
    [InlineData("{{ x|")]
    [InlineData("{{ x is")]
    [InlineData("{{ 'a")]
    [InlineData("{{ 'a\\")]
    [InlineData("{{ '\\N{")]
    [InlineData("{{ \\frac{{a}}[b~c] }}")]
    [InlineData("{{ ** ")]
    [InlineData("{{}}{%%}{##}{{-}}")]
    public void What_is_no_template_raises_no_alarm(string template) => Assert.Empty(Scan(template).Findings);

    /// <summary>What the templates of well-known models do, each in its own words.</summary>
    [Theory]
    [InlineData(
        "{% for message in messages[::-1] %}{% set index = (messages|length - 1) - loop.index0 %}{{ messages[index].role }}{% endfor %}"
    )]
    [InlineData(
        "{% if (loop.index0 % 2 == 0) != (message['role'] == 'user') %}{{ messages[loop.index0 - 1]['content'] + eos_token }}{% endif %}"
    )]
    [InlineData(
        "{{ messages[loop.index0 + 1].role }}{{ messages[(loop.index0) + 1] }}{{ messages[-1]['role'] }}{{ messages[ns.index + 1] }}"
    )]
    [InlineData("{% set ns = namespace(i=0, first=true) %}{% set ns.i = ns.i + 1 %}{{ messages[ns.i] }}{{ messages[ns.i % 2] }}")]
    [InlineData(
        "{% set roles = {'user': '<|user|>', 'assistant': '<|bot|>'} %}{{ roles[message.role] }}{{ roles[message['role']|lower] }}"
    )]
    [InlineData(
        "{% set i = messages|length - 1 %}{{ messages[i] }}{{ messages[messages|length - 1] }}{{ messages[(messages|length) // 2] }}"
    )]
    [InlineData(
        "{%- for name, schema in tool.parameters.properties|items %}{{ name ~ ': ' ~ tool.parameters.properties[name]['type'] }}{% endfor %}"
    )]
    [InlineData(
        "{%- for key in args|list %}{{ key + '=' + args[key]|tojson }}{% endfor %}{%- for k in args.keys() %}{{ args[k] }}{% endfor %}"
    )]
    [InlineData("{% set content = message.content.split('</think>')[-1].lstrip('\\n') %}{{ '<s>' + content|trim + '</s>' }}")]
    [InlineData(
        "{% macro render(spec, map) %}{{ map[spec.type] if map[spec.type] is defined else 'List[' + render(spec['items'] if spec else 'Any', map) + ']' }}{% endmacro %}{{ render(tool.x, types) }}"
    )]
    [InlineData(
        "{% set messages = [{'role': 'system', 'content': a ~ b}] + messages %}{% for m in messages %}{{ names[m.role] }}{% endfor %}"
    )]
    [InlineData(
        "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join(', ') }}{{ tools|map(attribute='function.name')|list }}"
    )]
    [InlineData("{{ message.content if message.content is string else message.content|tojson(indent=4, ensure_ascii=False) }}")]
    [InlineData("{% if message is mapping and message.x is not none and 'y' not in message %}{{ '%s' % message.y }}{% endif %}")]
    [InlineData("{% generation %}{{ message.content }}{% endgeneration %}{% break %}{% continue %}{% endfor %}")]
    [InlineData("{% set n = 40 * 1000 %}{{ strftime_now('%d %b %Y') }}{{ range(10)|list }}{{ '{:.2f}'.format(x) }}{{ ', '.join(y) }}")]
    [InlineData("{{ '{\"name\": \"' ~ call.name ~ '\"}' }}{{ {'a': {'b': [1, 2]}}.a.b[0] }}{{ [1, 2][x] }}{{ (1.5, 2) }}")]
    [InlineData("{% set t = message.timestamp or 1700000000 %}{% if t > 1600000000 %}{{ t }}{% endif %}")]
    [InlineData("{% raw %}{{ x[u ~ 'class'] }}{% endraw %}{# {{ x[u ~ 'class'] }} #}{{ x[''] }}{{ x['a b'] }}")]
    [InlineData(
        "{%- call(x) list_of(messages) -%}{{ x.role }}{%- endcall -%}{%- filter trim -%}a{%- endfilter -%}{% block a %}{% endblock %}"
    )]
    public void What_real_templates_do_raises_no_alarm(string template)
    {
        var scan = Scan(template);
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Findings.Select(f => f.Title).Concat(scan.Gaps)));
    }

    [Fact]
    public void A_template_in_JSON_is_found_however_its_braces_are_written()
    {
        foreach (var template in new[] { "{\\u0025 print(x.__class__) \\u0025}", "\\u007b{ x.__class__ }}", "{\\u007B x.__class__ }}" })
        {
            var json = Encoding.UTF8.GetBytes($$"""{"chat_template":"{{template}}"}""");
            Assert.Contains(new ModelScanner().ScanFile("x", new MemoryStream(json)).Findings, f => f.Id == "template-internals");
        }
    }

    private static void Found(string rule, Severity severity, string template)
    {
        var scan = Scan(template);
        Assert.True(
            scan.Findings.Any(f => f.Id == rule && f.Severity == severity),
            $"{template}: {string.Join("; ", scan.Findings.Select(f => $"{f.Id} {f.Title}").Concat(scan.Gaps))}"
        );
    }

    private static FileScan Scan(string template) =>
        new ModelScanner().ScanFile("chat_template.jinja", new MemoryStream(Encoding.UTF8.GetBytes(template)));
}
