"""The modules that a configuration needs are imported, and no other one has a say."""

from __future__ import annotations

import pytest

from revproxy.config.catalogue import catalogue
from revproxy.config.read import read_text
from revproxy.module import Server
from revproxy.modules import ON_DEMAND, ORDER, all_modules, module
from revproxy.plan.needed import needed


def names(text: str) -> set[str]:
    return {item.name for item in needed(read_text(text))} & ON_DEMAND.keys()


def test_the_order_is_one():
    assert [item.name for item in all_modules()] == list(ORDER)
    assert ON_DEMAND.keys() <= set(ORDER)


@pytest.mark.parametrize("name", ON_DEMAND)
def test_a_module_on_demand_does_nothing_unless_it_is_named(name):
    found = module(name)
    for phase, factory in found.hooks.items():
        assert factory(found.settings(), Server()) is None, phase
    # Its directives name it, as the catalogue has them, and so do its filters.
    for directive in found.directives:
        entry = catalogue().directives[directive.lower()]
        assert name in (entry.module, *entry.also_in) or directive.lower() in ON_DEMAND[name]
    known = catalogue().directives
    filters = {
        word for word in ON_DEMAND[name] if word not in known or known[word].module != "mpm_trio"
    }
    assert {*found.filters, *found.input_filters} == filters


def test_modules_are_named_by_directives_and_filters():
    assert names("ProxyPass / http://b.test/\n") == set()
    assert names("<Location />\nRequestHeader set A b\n</Location>\n") == {"mod_headers"}
    assert names("SetOutputFilter INFLATE;proxy-html\n") == {"mod_deflate", "mod_proxy_html"}
    assert names("FilterProvider x SUBSTITUTE true\n") == {"mod_filter", "mod_substitute"}
    assert names("<Directory />\nAllowOverride none\n</Directory>\n") == set()
    assert names("<Directory />\nAllowOverride FileInfo\n</Directory>\n") == ON_DEMAND.keys()
