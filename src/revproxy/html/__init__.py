"""Links in HTML, rewritten in place, and charsets of pages (mod_proxy_html, mod_xml2enc)."""
