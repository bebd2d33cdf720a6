"""The recipe of Apache's reverse-proxy literature, word for word."""

RECIPE = r"""
LoadFile /usr/lib/libxml2.so
LoadModule proxy_html_module modules/mod_proxy_html.so
<VirtualHost www.example.com>
  ServerName www.example.com
  # do not work as forward proxy
  ProxyRequests Off
  ProxyPass / http://web.internal/
  ProxyPassReverse / http://web.internal/
  # prevent content compression in backend operation
  RequestHeader unset Accept-Encoding
  # replace references to the internal server
  SetOutputFilter proxy-html
  ProxyHTMLURLMap http://web.internal/ /
  RewriteEngine On
  RewriteRule ^(.+)$ http://web.internal$1 [P,L]
</VirtualHost>
"""
