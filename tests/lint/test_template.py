"""Templates: nothing is said of what a template engine still has to fill in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.cli import main
from revproxy.lint.run import lint
from revproxy.lint.template import MARK, Filling, neutral
from revproxy.plan.load import load_text


def found(text, *, last=False):
    loaded = load_text(text, prepare=Filling(last=last))
    return sorted((item.location.line, item.code) for item in lint(loaded, template=True))


JINJA = """{# a comment
   over lines #}
<VirtualHost {{ ip | default('*') }}:{% if ssl %}443{% else %}80{% endif %}>
  ServerName {{ name }}
  {%- if ssl %}
  SSLEngine {{ "on" if ssl else "off" }}
  {% else -%}
  Redirect / https://{{ name }}/
  {% endif %}
  {% for backend in backends %}
  ProxyPass {{ backend.path }} http://{{ backend.host }}:8080{{ backend.path }} {{ options }}
  {% endfor %}
  {{ extra_lines }}
  Timeout {{ timeout }}
  ProxyPass /fixed {% if tls %}https{% else %}http{% endif %}://b.test/fixed
  ProxyPassReverse /fixed http://b.test/fixed
</VirtualHost>
"""
ERB = """<%# a comment -%>
<VirtualHost *:<%= @port %>>
<% if @name -%>
ServerName <%= @name %>
<% end -%>
<% @aliases.each do |name| -%>
ServerAlias <%= name %>
<% end -%>
<% case @kind
   when 'a' -%>
KeepAlive <%= @keep %>
<% when 'b' -%>
KeepAlive Off
<% end -%>
ProxyPass "/" "<%= @backend -%>"
ProxyPassReverse / <%= @backend %>
</VirtualHost>
"""
EPP = """<% | String $name | -%>
<VirtualHost *:80>
<% if $name { -%>
ServerName <%= $name %>
<% } else { -%>
ServerName none.test
<% } -%>
ServerAlias <%= $aliases.join(' ') %>
</VirtualHost>
"""
GO = """{{- range .Hosts }}
<VirtualHost *:80>
ServerName {{ .Name }}
{{ if .Proxy }}
ProxyPass / {{ .Proxy }}
ProxyPassReverse / {{ .Proxy }}
{{ else }}
DocumentRoot {{ .Root }}
{{ end }}
</VirtualHost>
{{- end }}
"""
AT = """Listen @PORT@
ServerRoot "@exp_runtimedir@"
@LoadModules@
<Directory "@prefix@/htdocs">
    Require @who@ granted
</Directory>
Timeout @X@
"""


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("text", [JINJA, ERB, EPP, GO, AT], ids=["jinja", "erb", "epp", "go", "at"])
def test_nothing_is_said_of_placeholders(text, last):
    assert found(text, last=last) == []


def test_what_is_wrong_whatever_they_are_is_said():
    text = "Foo {{ x }}\n{% if a %}\nBar b\n{% endif %}\nTimeout 1 2 3\n<Location {{ x }}>\n"
    text += "Listen 80\n</Location>\nProxyPass /a http://b.test/\n"
    assert found(text) == [
        (1, "RP509"),
        (3, "RP509"),
        (5, "RP522"),
        (7, "RP521"),
        (9, "RP204"),
        (9, "RP205"),
        (9, "RP604"),
    ]


def test_a_comparison_with_a_placeholder_is_not_made():
    assert (2, "RP206") in found(
        "ProxyPass /a http://b.test/a\nProxyPassReverse /c http://b.test/a\n"
    )
    assert found("ProxyPass /a {{ url }}\nProxyPassReverse /c http://b.test/a\n") == []


def test_both_alternatives_are_looked_at(tmp_path, capsys):
    path = tmp_path / "site.conf.j2"
    text = "{% if a %}\n# revproxy: ignore RP101\nFoo\n{% else %}\nBar\n{% endif %}\n"
    text += "# revproxy: ignore RP102\nBaz\n"
    path.write_text(text)
    assert main(["lint", "--template", "--format", "json", str(tmp_path)]) == 1
    items = json.loads(capsys.readouterr().out)["findings"]
    assert [(item["line"], item["code"]) for item in items] == [
        (3, "RP509"),
        (5, "RP509"),
        (7, "RP534"),
        (8, "RP509"),
    ]


def test_the_line_is_shown_as_it_stands(tmp_path, capsys):
    path = tmp_path / "t.conf"
    path.write_text("ServerName a.test\n   Foo {{ x }}\n")
    main(["lint", "--template", str(path)])
    assert "    2 |    Foo {{ x }}\n      |    ^^^\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        # Errors of what is around a placeholder, or depends on it.
        "<Location />\n<RequireAny>\nRequire ip {{ ip }}\n</RequireAny>\n</Location>\n",
        "<Proxy {{ url }}>\nProxySet retry=0\n</Proxy>\n",
        "<Proxy balancer://b>\nBalancerMember {{ u }}\n</Proxy>\nProxySet balancer://b ttl=9\n",
        "Require ip \\\n  {{ ips }}\n".join(("<Location />\n", "</Location>\n")),
        "RemoteIPHeader X-F\n<% @proxies.each do |p| %>\n<%= p %>\n<% end %>\n",
        # What is not on this machine.
        "Include /nonexistent/*.conf\nIncludeOptional /nonexistent/x\n",
        "Listen %PUBLICPORT%\n%SSLENGINE%\n%LISTEN%<VirtualHost *:443>\n%LISTEN%</VirtualHost>\n",
    ],
)
def test_nothing_is_said_of_what_depends_on_them(text):
    assert [code for _, code in found(text) if code != "RP526"] == []


def test_formats_are_no_placeholders():
    text = 'LogFormat "%{HTTP_X}i %D%T%ABC%s" a\nRewriteRule ^/%20x%AB%CD /y [L]\n'
    assert neutral(text).replace(MARK, "@")[:20] == text[:20]
    assert "\x1a" not in neutral("RewriteCond %{HTTPS} off\nRewriteRule ^/%2F%3A /x\n")


PIECES = st.sampled_from([
    "{{ x }}", "{{y}}", "{% if a %}", "{% else %}", "{% endif %}", "<%= z %>", "<% if a %>",
    "<% else %>", "<% end %>", "@X@", "{#", "#}", "{%", "%}", "word", " ", "\n", "\\\n", "\r\n",
    '"', "<Location /a>", "</Location>", "\n<", ">", "Timeout", "5", "\t", "{{", "}}", "<%", "%>",
])  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join), st.booleans())
def test_lines_and_columns_stay(text, last):
    new = neutral(text, last=last)
    assert len(new) == len(text)
    for before, after in zip(text, new, strict=True):
        assert (before in "\r\n") == (after in "\r\n")
        assert after in (before, " ", "#", MARK) or "\x10" <= after <= "\x19"
    lint(load_text(text, prepare=Filling(last=last)), template=True)


def test_equal_expressions_are_equal():
    words = neutral("a{{ x }} b{{ y }} a{{ x }}").split()
    assert words[0] == words[2]
    assert words[0][1:] != words[1][1:]
