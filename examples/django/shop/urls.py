"""The shop's addresses. Those below /support are the desk's: see `wsgi.py` and `asgi.py`."""

from django.urls import path

from shop import views

urlpatterns = [path("requests", views.requests), path("requests/<str:number>/comments", views.comments)]
