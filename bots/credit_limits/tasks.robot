*** Settings ***
Documentation     Raises credit limits in the customer credit desk on the mainframe, asks sales about
...               customers with open complaints, and leaves the rest to the credit office.

Library           RefereeLibrary    decision_tables/credit_limits.xlsx
Resource          resources/credit_desk.resource
Resource          sales_questions.resource

Suite Teardown    Close Credit Desk


*** Variables ***
${REQUESTS}    ${CURDIR}/input/requests.csv


*** Tasks ***
Raise Credit Limits
    [Documentation]    Takes the requests of your own file with ``--variable REQUESTS:file.xlsx``.
    Add Work Items    ${REQUESTS}    queue=credit limits
    On Action    set credit limit    Change Credit Limit In Credit Desk
    On Action    write to sales    Write To Sales
    On Action    read sales answer    Read Sales Answer
    On Repeat    set credit limit    Find Change In Credit Desk
    On Restart    Open Credit Desk
    On Failure    Keep Credit Desk Screen
    Open Credit Desk
    Process Work Items    credit limits
