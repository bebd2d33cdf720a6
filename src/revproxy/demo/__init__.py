"""A small site to put a proxy in front of: redirects, cookies, absolute links, an echo.

It stands alone: nothing of revproxy is imported, and nothing of revproxy imports it.
"""
