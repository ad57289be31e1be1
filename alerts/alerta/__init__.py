"""Alerta's alerts: documents that live on over closing and opening, beside the gateway's episodes.

`receive_post` has a document receive an alert and tells the gateway; `act_on_document` and its kin
do what operators ask for at Alerta's door; `follow_episode` shows a document what was done at ours.
"""
